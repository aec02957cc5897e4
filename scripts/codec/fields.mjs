/** One field in the code of its message: how it is measured, written and read. */
import { shapeName } from "./names.mjs";
import { DELIMITED, isPacked, scalarOf, tagOf, tagSize } from "./scalars.mjs";

/** @typedef {import("@bufbuild/protobuf").DescField} DescField */

/** Statements that add the bytes of `value`, which is set, to `size`. */
export function sizeOf(field, value) {
  return `size += ${tagSize(field)} + ${valueSize(field, value)};`;
}

function valueSize(field, value) {
  if (field.message !== undefined) return `delimitedSize(size${shapeName(field.message)}(${value}, sizes))`;
  const { name } = scalarOf(field);
  return name === "bool" ? "1" : `${name}Size(${value})`;
}

/** Statements that write `value`, which is set. */
export function writeOf(field, value) {
  if (field.message === undefined) {
    const { name, wireType } = scalarOf(field);
    return `writer.${name}(${tagOf(field, wireType)}, ${value});`;
  }
  return `writer.nested(${tagOf(field, DELIMITED)}); write${shapeName(field.message)}(${value}, writer);`;
}

/** Statements that measure the field of a message if it is set. */
export function sizeField(field) {
  return ifSet(field, sizeOf, (list) => {
    return `size += ${tagSize(field)} + delimitedSize(${scalarOf(field).name}ListLength(${list}));`;
  });
}

/** Statements that write the field of a message if it is set. */
export function writeField(field) {
  return ifSet(field, writeOf, (list) => {
    return `writer.${scalarOf(field).name}List(${tagOf(field, DELIMITED)}, ${list});`;
  });
}

/** A field outside of a oneof is set when it is not its zero; lists and maps when they are not empty. */
function ifSet(field, one, packed) {
  const value = `message.${field.localName}`;
  switch (field.fieldKind) {
    case "list":
      if (field.listKind !== "message" && isPacked(field)) return `if (${value}?.length) ${packed(value)}`;
      return `if (${value}) { for (const item of ${value}) { ${one(field, "item")} } }`;
    case "map":
      return `if (${value}) { for (const item of Object.entries(${value})) { ${one(entryAsField(field), "item")} } }`;
    case "message":
      return `if (${value}) { ${one(field, value)} }`;
    default: {
      if (field.presence !== IMPLICIT) throw new Error(`${field}: no codec for an optional value`);
      const isSet = scalarOf(field).name === "bytes" ? `${value}?.length` : value;
      return `if (${isSet}) ${one(field, value)}`;
    }
  }
}

/** `FieldPresence.IMPLICIT` of protobuf's features. */
const IMPLICIT = 2;

/** An entry is written as a message with its key as field 1 and its value as field 2. */
function entryAsField(field) {
  const { file } = field.parent;
  return { number: field.number, message: { file, typeName: entryTypeName(field) } };
}

function entryTypeName(field) {
  const name = field.localName;
  return `${field.parent.typeName}.${name[0].toUpperCase()}${name.slice(1)}Entry`;
}

/** The name that the functions of a map's entries end with. */
export function entryName(field) {
  return shapeName({ typeName: entryTypeName(field), file: field.parent.file });
}

/** Statements that read the field into the message. */
export function readField(field) {
  const target = `message.${field.localName}`;
  if (field.delimitedEncoding) throw new Error(`${field}: no codec for a group`);
  if (field.oneof !== undefined) {
    const oneof = `message.${field.oneof.localName}`;
    const name = JSON.stringify(field.localName);
    return `${oneof} = { case: ${name}, value: ${readValue(field, `caseValue(${oneof}, ${name})`)} };`;
  }
  switch (field.fieldKind) {
    case "list":
      if (field.listKind === "message" || !isPacked(field)) return `${target}.push(${readValue(field)});`;
      return `reader.${scalarOf(field).name}List(tag, ${target});`;
    case "map":
      return `read${entryName(field)}(reader, ${target});`;
    default:
      return `${target} = ${readValue(field, target)};`;
  }
}

/** `into`: the message that one that comes again is merged with. */
export function readValue(field, into) {
  if (field.message === undefined) return `reader.${scalarOf(field).name}()`;
  const merged = into === undefined ? "" : `, ${into}`;
  return `read${shapeName(field.message)}(reader, reader.nested()${merged})`;
}

/** What a new message has in its place; undefined: nothing. */
export function zeroOf(member) {
  if (member.kind === "oneof") return "{ case: undefined }";
  if (member.fieldKind === "list") return "[]";
  if (member.fieldKind === "map") return "{}";
  return member.fieldKind === "message" ? undefined : scalarOf(member).zero;
}
