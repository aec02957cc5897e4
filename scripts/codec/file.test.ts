/** The generator of codecs: what it writes for each kind of field, and what it refuses rather than writing it wrong. */
import { create, createFileRegistry, type DescFile, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type DescriptorProtoSchema,
  type FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { codecFile, tableFile } from "./file.mjs";

type Field = MessageInitShape<typeof FieldDescriptorProtoSchema>;
type MessageType = MessageInitShape<typeof DescriptorProtoSchema>;

/** `box/box.proto` with a message `Box` of these fields. */
function boxWith(fields: readonly Field[], more: MessageType = {}, syntax = "proto3"): DescFile {
  const field = fields.map((one, index) => ({ name: "it", number: index + 1, label: Label.OPTIONAL, ...one }));
  const other = { name: "Lid", field: [] };
  const proto = create(FileDescriptorProtoSchema, {
    ...{ name: "box/box.proto", package: "box", syntax },
    messageType: [{ name: "Box", field, ...more }, other],
  });
  const file = createFileRegistry(proto, () => undefined).getFile("box/box.proto");
  if (file === undefined) throw new Error("no file");
  return file;
}

/** The code of a file in one line. */
const codeOf = (file: DescFile): string => codecFile(file).replaceAll(/\s+/g, " ");

describe("the code of a field", () => {
  it.each([
    ["int64", Type.INT64, "if (message.it) size += 1 + int64Size(message.it);", "writer.int64(8, message.it)", "0n"],
    ["bool", Type.BOOL, "if (message.it) size += 1 + 1;", "writer.bool(8, message.it)", "false"],
    ["string", Type.STRING, "if (message.it) size += 1 + textSize(message.it);", "writer.text(10, message.it)", '""'],
    [
      "bytes",
      Type.BYTES,
      "if (message.it?.length) size += 1 + bytesSize",
      "writer.bytes(10, message.it)",
      "EMPTY_BYTES",
    ],
  ])("%s", (_, type, size, write, zero) => {
    const code = codeOf(boxWith([{ type }]));
    expect(code).toContain(size);
    expect(code).toContain(write);
    expect(code).toContain(`it: ${zero} }`);
  });

  it("of a nested message merges what comes twice", () => {
    const code = codeOf(boxWith([{ type: Type.MESSAGE, typeName: ".box.Lid" }]));
    expect(code).toContain("case 1: message.it = readLid(reader, reader.nested(), message.it);");
    expect(code).toContain("if (message.it) { writer.nested(10); writeLid(message.it, writer); }");
    expect(code, "an absent message is no property").toContain('{ $typeName: "box.Box" }');
  });

  it("of a list packs numbers and nothing else", () => {
    const list = { label: Label.REPEATED };
    const numbers = codeOf(boxWith([{ ...list, type: Type.UINT64 }]));
    expect(numbers).toContain("if (message.it?.length) writer.uint64List(10, message.it);");
    expect(numbers).toContain("reader.uint64List(tag, message.it);");
    const texts = codeOf(boxWith([{ ...list, type: Type.STRING }]));
    expect(texts).toContain("for (const item of message.it) { writer.text(10, item); }");
    expect(texts).toContain("message.it.push(reader.text());");
  });

  it("of a oneof is written even when it is zero, and in the order of the numbers", () => {
    const chosen = { type: Type.INT64, oneofIndex: 0 };
    const fields = [
      { ...chosen, name: "late", number: 300 },
      { name: "between", number: 20, type: Type.BOOL },
      { ...chosen, name: "early", number: 2 },
    ];
    const code = codeOf(boxWith(fields, { oneofDecl: [{ name: "choice" }] }));
    const places = ['case "early": writer.int64(16,', "writer.bool(160,", 'case "late": writer.int64(2400,'];
    const found = places.map((place) => code.indexOf(place));
    expect(found.every((at) => at > 0)).toBe(true);
    expect(found).toEqual([...found].sort((a, b) => a - b));
    expect(code).toContain('case "late": size += 2 + int64Size(message.choice.value);');
    expect(code).toContain('case 300: message.choice = { case: "late", value: reader.int64() };');
    expect(code).toContain("choice: { case: undefined }");
  });
});

describe("what the generator cannot write", () => {
  const list = { label: Label.REPEATED };
  it.each<[string, () => DescFile, string]>([
    ["a type without methods", () => boxWith([{ type: Type.DOUBLE }]), "no codec for DOUBLE"],
    ["a list without methods", () => boxWith([{ ...list, type: Type.BOOL }]), "no codec for a list of bool"],
    [
      "a list that is not packed",
      () => boxWith([{ ...list, type: Type.UINT64, options: { packed: false } }]),
      "a list",
    ],
    [
      "an optional value",
      () => boxWith([{ type: Type.INT64, proto3Optional: true, oneofIndex: 0 }], { oneofDecl: [{ name: "_it" }] }),
      "no codec for an optional value",
    ],
    ["proto2", () => boxWith([{ type: Type.INT64 }], {}, "proto2"), "no codec for an optional value"],
  ])("%s", (_, file, message) => {
    expect(() => codecFile(file())).toThrow(message);
  });
});

describe("the files", () => {
  it("name what they use, and nothing else", () => {
    const lines = codecFile(boxWith([{ type: Type.BOOL }])).split("\n");
    expect(lines).toContain('import { unknownSize } from "../../codec/sizes.js";');
    expect(lines).toContain('import type { Reader } from "../../codec/reader.js";');
    expect(lines).toContain('import { BoxSchema, LidSchema, type Box, type Lid } from "./box_pb.js";');
  });

  it("end with the table of their messages, and one table has them all", () => {
    const file = boxWith([]);
    expect(codeOf(file)).toContain("codecOf(BoxSchema, sizeBox, writeBox, readBox), codecOf(LidSchema,");
    expect(tableFile([file])).toContain('import { codecs as box_box } from "./box/box_codec.js";');
  });
});
