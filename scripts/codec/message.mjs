/** The functions of one message: `size…`, `write…` and `read…`. */
import { ScalarType } from "@bufbuild/protobuf";
import { entryName, readField, readValue, sizeField, sizeOf, writeField, writeOf, zeroOf } from "./fields.mjs";
import { schemaName, shapeName } from "./names.mjs";

/** Messages that a sender may have as bytes already: rows are stored as such, and what watchers are told is sent to many. */
const STORED = new Set(["mvccpb.KeyValue", "etcdserverpb.WatchResponse"]);

/** @param {import("@bufbuild/protobuf").DescMessage} message */
export function messageFunctions(message) {
  const entries = message.fields.filter(({ fieldKind }) => fieldKind === "map").flatMap(entryFunctions);
  return [sizeFunction(message), writeFunction(message), readFunction(message), ...entries].join("\n\n");
}

function sizeFunction(message) {
  const name = JSON.stringify(message.typeName);
  const nests = message.fields.some((field) => field.message !== undefined);
  return [
    `export function size${shapeName(message)}(message: Init<typeof ${schemaName(message)}>, sizes: number[]): number {`,
    ...(STORED.has(message.typeName)
      ? ["if (message.$encoded) { sizes.push(message.$encoded.length); return message.$encoded.length; }"]
      : []),
    ...(nests ? ["const place = sizes.push(0) - 1;"] : []),
    `let size = message.$unknown ? unknownSize(message, ${name}) : 0;`,
    ...inOrder(message, sizeField, sizeOf),
    nests ? "sizes[place] = size;" : "sizes.push(size);",
    "return size;\n}",
  ].join("\n");
}

function writeFunction(message) {
  const name = JSON.stringify(message.typeName);
  return [
    `export function write${shapeName(message)}(message: Init<typeof ${schemaName(message)}>, writer: Writer): void {`,
    ...(STORED.has(message.typeName) ? ["if (message.$encoded) { writer.encoded(message.$encoded); return; }"] : []),
    ...inOrder(message, writeField, writeOf),
    `if (message.$unknown) writer.unknown(message, ${name});\n}`,
  ].join("\n");
}

function readFunction(message) {
  const shape = shapeName(message);
  const cases = message.fields.map((field) => `case ${field.number}: ${readField(field)} break;`);
  const unknown = "reader.unknown(message, tag);";
  const step = cases.length === 0 ? unknown : `switch (tag >>> 3) { ${cases.join("\n")}\ndefault: ${unknown} }`;
  return [
    `export function read${shape}(reader: Reader, end: number, message: ${shape} = ${zeroMessage(message)}): ${shape} {`,
    `while (reader.at < end) { const tag = reader.tag(); ${step} }`,
    "reader.leave();",
    "return message;\n}",
  ].join("\n");
}

function zeroMessage(message) {
  const members = message.members.flatMap((member) => {
    const zero = zeroOf(member);
    return zero === undefined ? [] : [`${member.localName}: ${zero}`];
  });
  return `{ ${[`$typeName: ${JSON.stringify(message.typeName)}`, ...members].join(", ")} }`;
}

/**
 * Statements for every field in the order of the numbers, which is that of the wire. Neighbours of one oneof are one choice.
 */
function inOrder({ fields }, field, chosen) {
  const sorted = [...fields].sort((a, b) => a.number - b.number);
  const statements = [];
  for (let i = 0; i < sorted.length; i++) {
    const { oneof } = sorted[i];
    if (oneof === undefined) {
      statements.push(field(sorted[i]));
      continue;
    }
    const cases = [];
    const value = `message.${oneof.localName}.value`;
    for (; sorted[i]?.oneof === oneof; i++) {
      cases.push(`case ${JSON.stringify(sorted[i].localName)}: ${chosen(sorted[i], value)} break;`);
    }
    i -= 1;
    statements.push(`switch (message.${oneof.localName}?.case) { ${cases.join("\n")} }`);
  }
  return statements;
}

/**
 * A map from text to messages, which are the only ones we have. As protobuf-es does: an entry is read up to its end without
 * counting as a message of its own, nothing else can stand in it, and what it lacks is empty.
 */
function entryFunctions(field) {
  if (field.mapKey !== ScalarType.STRING || field.mapKind !== "message")
    throw new Error(`${field}: no codec for this map`);
  const name = entryName(field);
  const shape = shapeName(field.message);
  const key = { kind: "field", fieldKind: "scalar", scalar: ScalarType.STRING, utf8Validation: true, number: 1 };
  const value = { kind: "field", fieldKind: "message", message: field.message, number: 2 };
  const entry = `[key, value]: [string, Init<typeof ${schemaName(field.message)}>]`;
  return [
    `function size${name}(${entry}, sizes: number[]): number {
const place = sizes.push(0) - 1;
let size = 0;
${sizeOf(key, "key")}
${sizeOf(value, "value")}
sizes[place] = size;
return size;
}`,
    `function write${name}(${entry}, writer: Writer): void {
${writeOf(key, "key")}
${writeOf(value, "value")}
}`,
    `function read${name}(reader: Reader, map: Record<string, ${shape}>): void {
let key = "";
let value: ${shape} = ${zeroMessage(field.message)};
const end = reader.end();
while (reader.at < end) {
switch (reader.tag() >>> 3) {
case 1: key = ${readValue(key)}; break;
case 2: value = ${readValue(value)}; break;
}
}
map[key] = value;
}`,
  ];
}
