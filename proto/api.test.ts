/**
 * The descriptors against the table of etcd's public API, row by row and in both directions: nothing is missing, nothing
 * differs, and the etcd packages hold nothing else.
 */
import { readFileSync } from "node:fs";
import { create, type DescEnum, type DescField, type DescFile, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import * as api from "./gen/index.js";

interface Row {
  readonly kind: string;
  readonly owner: string;
  readonly name: string;
  readonly number: string;
  readonly type: string;
  readonly label: string;
}

const scalarNames = new Map<ScalarType, string>(
  Object.entries(ScalarType).flatMap(([name, type]) => (typeof type === "number" ? [[type, name.toLowerCase()]] : [])),
);

const methodLabels = {
  unary: "unary",
  server_streaming: "server-stream",
  client_streaming: "client-stream",
  bidi_streaming: "bidi-stream",
} as const;

function readTable(): Row[] {
  const lines = readFileSync(new URL("./testdata/api.tsv", import.meta.url), "utf8")
    .trimEnd()
    .split("\n")
    .slice(1);
  return lines.map((line) => {
    const [kind = "", , owner = "", name = "", number = "", type = "", label = ""] = line.split("\t");
    return { kind, owner, name, number, type, label };
  });
}

/** The public files: etcd's packages and gRPC health. Kvorum's own internal messages are not part of the contract. */
const files = Object.values(api as Record<string, unknown>)
  .filter((value): value is DescFile => (value as DescFile).kind === "file")
  .filter((file) => !file.proto.package.startsWith("kvorum."));

function rowsOf(file: DescFile): Row[] {
  return [
    ...file.services.flatMap((service) => [
      row("service", service.typeName),
      ...service.methods.map((method) => {
        const streams = { in: /^(client|bidi)/.test(method.methodKind), out: /^(server|bidi)/.test(method.methodKind) };
        const input = `${streams.in ? "stream " : ""}${method.input.typeName}`;
        const output = `${streams.out ? "stream " : ""}${method.output.typeName}`;
        return row(
          "service-method",
          service.typeName,
          method.name,
          "",
          `${input} -> ${output}`,
          methodLabels[method.methodKind],
        );
      }),
    ]),
    ...file.messages.flatMap(messageRows),
    ...file.enums.flatMap(enumRows),
    ...file.extensions.map((extension) => {
      const { typeName } = extension.extendee;
      return row("extension", typeName, extension.name, String(extension.number), fieldType(extension), "optional");
    }),
  ];
}

function messageRows(message: DescMessage): Row[] {
  return [
    row("message", message.typeName),
    ...message.fields.map((field) =>
      row("message-field", message.typeName, field.name, String(field.number), fieldType(field), fieldLabel(field)),
    ),
    ...message.nestedMessages.flatMap(messageRows),
    ...message.nestedEnums.flatMap(enumRows),
  ];
}

function enumRows(schema: DescEnum): Row[] {
  return [
    row("enum", schema.typeName),
    ...schema.values.map((value) => row("enum-value", schema.typeName, value.name, String(value.number), "enum")),
  ];
}

function fieldType(field: DescField | DescFile["extensions"][number]): string {
  const named = field.message?.typeName ?? field.enum?.typeName ?? scalarNames.get(field.scalar as ScalarType) ?? "";
  return field.fieldKind === "map" ? `map<${scalarNames.get(field.mapKey)},${named}>` : named;
}

function fieldLabel(field: DescField): string {
  if (field.oneof !== undefined) return `oneof:${field.oneof.name}`;
  if (field.fieldKind === "map") return "map";
  return field.fieldKind === "list" ? "repeated" : "singular";
}

function row(kind: string, owner: string, name = "", number = "", type = "", label = ""): Row {
  return { kind, owner, name, number, type, label };
}

const text = ({ kind, owner, name, number, type, label }: Row): string =>
  [kind, owner, name, number, type, label].join(" | ");

describe("the public API", () => {
  const table = readTable().map(text);
  const described = files.flatMap(rowsOf).map(text);

  it("has a table worth checking against, without a row twice", () => {
    expect(table.length).toBeGreaterThan(500);
    expect(new Set(table).size).toBe(table.length);
    expect(new Set(described).size).toBe(described.length);
  });

  it("has every row of the table", () => {
    const known = new Set(described);
    expect(table.filter((line) => !known.has(line))).toEqual([]);
  });

  it("has nothing that the table does not have", () => {
    const known = new Set(table);
    expect(described.filter((line) => !known.has(line))).toEqual([]);
  });
});

describe("64-bit numbers", () => {
  const wide = [ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64, ScalarType.FIXED64, ScalarType.SFIXED64];
  const messages = files.flatMap((file) => file.messages);

  it("are bigint in every message, 0n when unset", () => {
    let fields = 0;
    for (const schema of messages) {
      const message = create(schema) as unknown as Record<string, unknown>;
      for (const field of schema.fields) {
        if (field.fieldKind !== "scalar" || field.oneof !== undefined || !wide.includes(field.scalar)) continue;
        fields += 1;
        expect(message[field.localName], `${schema.typeName}.${field.name}`).toBe(0n);
      }
    }
    expect(fields).toBeGreaterThan(50);
  });
});
