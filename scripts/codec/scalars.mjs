/**
 * Types of single values: what they are called in `sizes.ts`, `writer.ts` and `reader.ts`, and how they lie on the wire. Those
 * that no message of ours has are missing: add them here and in those files together.
 */
import { ScalarType } from "@bufbuild/protobuf";

const VARINT = 0;
const DELIMITED = 2;

/** `name`: of the methods. `zero`: what a message has that was not given any. `size`: of a value, as an expression. */
const SCALARS = {
  [ScalarType.BYTES]: { name: "bytes", zero: "EMPTY_BYTES", wireType: DELIMITED },
  [ScalarType.STRING]: { name: "text", zero: '""', wireType: DELIMITED },
  [ScalarType.BOOL]: { name: "bool", zero: "false", wireType: VARINT },
  [ScalarType.INT32]: { name: "int32", zero: "0", wireType: VARINT },
  [ScalarType.UINT32]: { name: "uint32", zero: "0", wireType: VARINT },
  [ScalarType.INT64]: { name: "int64", zero: "0n", wireType: VARINT },
  [ScalarType.UINT64]: { name: "uint64", zero: "0n", wireType: VARINT },
};

/** Types whose lists have methods of their own, which pack them. */
const PACKED = new Set(["int32", "uint64"]);

/**
 * An enum is an int32. Errors: for a type that is not supported.
 *
 * @param {import("@bufbuild/protobuf").DescField} field
 * @returns {{ name: string, zero: string, wireType: number }}
 */
export function scalarOf(field) {
  const scalar = SCALARS[field.enum === undefined ? field.scalar : ScalarType.INT32];
  if (scalar === undefined) throw new Error(`${field}: no codec for ${ScalarType[field.scalar]}`);
  if (field.enum !== undefined && !field.enum.open) throw new Error(`${field}: no codec for a closed enum`);
  if (field.scalar === ScalarType.STRING && !field.utf8Validation) throw new Error(`${field}: no codec for any bytes`);
  return scalar;
}

/** Whether the list is one field on the wire. Errors: for lists of numbers that are not supported. */
export function isPacked(field) {
  const { name, wireType } = scalarOf(field);
  if (wireType === DELIMITED) return false;
  if (!field.packed || !PACKED.has(name)) throw new Error(`${field}: no codec for a list of ${name}`);
  return true;
}

/** The number that stands in front of a value. */
export function tagOf(field, wireType) {
  return ((field.number << 3) | wireType) >>> 0;
}

export function tagSize(field) {
  return field.number < 1 << 4
    ? 1
    : field.number < 1 << 11
      ? 2
      : field.number < 1 << 18
        ? 3
        : field.number < 1 << 25
          ? 4
          : 5;
}

export { DELIMITED };
