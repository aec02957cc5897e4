/**
 * Requests as bytes, made once and sent many times: a gRPC frame each (a flag, four octets of length, the message). A source
 * that changes from call to call overwrites a few bytes of its frame, since encoding a message costs more than sending one.
 */
import { randomBytes } from "node:crypto";
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { KV } from "@kvorum/proto";
import { methodPath, type UnaryMethod } from "@kvorum/transport";

/** The frame is good until the next call of `next()`. */
export interface Request {
  readonly path: string;
  readonly frame: Uint8Array;
}

export interface RequestSource {
  next(): Request;
}

export const VALUE_BYTES = 256;
const KEY_DIGITS = 10;
/** Random bytes that values are cut from: long enough that hardly two are alike. */
const NOISE = randomBytes(1 << 20);

export function frameOf<I extends DescMessage>(schema: I, message: MessageInitShape<I>): Uint8Array {
  const body = toBinary(schema, create(schema, message));
  const frame = new Uint8Array(5 + body.length);
  new DataView(frame.buffer).setUint32(1, body.length);
  frame.set(body, 5);
  return frame;
}

/** The same request for ever. */
export function recorded<I extends DescMessage, O extends DescMessage>(
  method: UnaryMethod<I, O>,
  message: MessageInitShape<I>,
): RequestSource {
  const request = { path: methodPath(method), frame: frameOf(method.input, message) };
  return { next: () => request };
}

/** `prefix` and ten digits. */
export function numberedKey(prefix: string, number: number): Uint8Array {
  return Buffer.from(prefix + String(number).padStart(KEY_DIGITS, "0"));
}

export function randomValue(bytes: number = VALUE_BYTES): Uint8Array {
  const from = Math.floor(Math.random() * (NOISE.length - bytes));
  return NOISE.subarray(from, from + bytes);
}

/** Puts of random values to the keys that `number` names. */
export function puts(prefix: string, number: () => number): RequestSource {
  const key = numberedKey(prefix, 0);
  const value = randomValue();
  const frame = frameOf(KV.method.put.input, { key, value });
  const [digitsAt, valueAt] = [5 + 2 + prefix.length, frame.length - value.length];
  const request = { path: methodPath(KV.method.put), frame };
  return {
    next: () => {
      writeDigits(frame, digitsAt, number());
      frame.set(randomValue(), valueAt);
      return request;
    },
  };
}

/** Linearizable ranges of one key each. */
export function gets(prefix: string, number: () => number): RequestSource {
  const frame = frameOf(KV.method.range.input, { key: numberedKey(prefix, 0) });
  const request = { path: methodPath(KV.method.range), frame };
  return {
    next: () => {
      writeDigits(frame, 5 + 2 + prefix.length, number());
      return request;
    },
  };
}

/** Takes `share` of the requests from `one`, the rest from `other`, evenly mixed. */
export function mixed(share: number, one: RequestSource, other: RequestSource): RequestSource {
  let sum = 0;
  return {
    next: () => {
      sum += share;
      if (sum < 1 - 1e-9) return other.next();
      sum -= 1;
      return one.next();
    },
  };
}

export function random(below: number): () => number {
  return () => Math.floor(Math.random() * below);
}

/** 0, 1, 2 and so on. */
export function counting(): () => number {
  let next = 0;
  return () => next++;
}

function writeDigits(frame: Uint8Array, at: number, number: number): void {
  let rest = number;
  for (let i = at + KEY_DIGITS - 1; i >= at; i--) {
    frame[i] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
