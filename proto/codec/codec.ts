/** What is generated for one type of message. */
import type { DescMessage, MessageInitShape, MessageShape, UnknownField } from "@bufbuild/protobuf";
import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

/** A message, or the plain object it can be made of. Only a message has unknown fields. */
export type Init<Desc extends DescMessage> = MessageInitShape<Desc> & {
  readonly $unknown?: readonly UnknownField[] | undefined;
  /** The message as bytes already, which are written as they are. Only for types that the generator names. */
  readonly $encoded?: Uint8Array | undefined;
  /** Told when `$encoded` was handed on to be sent: who still holds the message need not hold the bytes. */
  $handedOn?(): void;
};

export interface Codec<Desc extends DescMessage = DescMessage> {
  /** Bytes of the message. Appends them to `sizes`, in front of those of the messages nested in it. */
  size(message: Init<Desc>, sizes: number[]): number;
  /** Writes the fields, in the order of their numbers. */
  write(message: Init<Desc>, writer: Writer): void;
  /** Reads until the cursor is at or beyond `end`. */
  read(reader: Reader, end: number): MessageShape<Desc>;
}

export type CodecEntry = readonly [DescMessage, Codec];

/** A row of the table, whose types fit each other. */
export function codecOf<Desc extends DescMessage>(
  schema: Desc,
  size: Codec<Desc>["size"],
  write: Codec<Desc>["write"],
  read: Codec<Desc>["read"],
): CodecEntry {
  return [schema, { size, write, read } as unknown as Codec];
}

/** The value of a oneof, if it is this one that is set: a message that comes twice is merged. */
export function caseValue<
  Oneof extends { readonly case: string | undefined; readonly value?: unknown },
  Case extends NonNullable<Oneof["case"]>,
>(oneof: Oneof, name: Case): Extract<Oneof, { readonly case: Case }>["value"] | undefined {
  return oneof.case === name ? (oneof.value as Extract<Oneof, { readonly case: Case }>["value"]) : undefined;
}
