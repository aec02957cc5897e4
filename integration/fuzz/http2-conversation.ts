/** What a lawful peer says on an HTTP/2 connection, as frames; and the same with mistakes, cut anywhere. */
import type { Chance } from "./chance.js";
import { block, callFields, END_HEADERS, END_STREAM, FRAME, frame, PREFACE } from "./http2.js";
import { mutated } from "./mutate.js";

/** About so many at the most. */
const CHUNKS = 1_000;
const PADDED = 0x8;
const PRIORITY = 0x20;
const ACK = 0x1;

export type Role = "client" | "server";

export interface Conversation {
  /** Of the connection that hears it. */
  readonly role: Role;
  /** Streams that a client has opened before it. */
  readonly calls: number;
  readonly chunks: readonly Buffer[];
  /** Nothing was done to it: no connection may fail on it. */
  readonly lawful: boolean;
}

export function conversationOf(chance: Chance): Conversation {
  const role: Role = chance.chance(0.65) ? "server" : "client";
  const calls = chance.between(1, 12);
  const frames = framesOf(role, calls, chance);
  const lawful = chance.chance(0.25);
  const said = Buffer.concat([
    ...(role === "server" ? [PREFACE] : []),
    ...(lawful ? frames : disturbed(frames, chance)),
  ]);
  const bytes = lawful || chance.chance(0.4) ? said : mutated(said, chance);
  return { role, calls, lawful, chunks: cut(bytes, chance) };
}

/** Frames of the calls among each other, each call's own in their order. */
function framesOf(role: Role, calls: number, chance: Chance): Buffer[] {
  const queues = Array.from({ length: calls }, (_, i) => callOf(role, 2 * i + 1, chance));
  // HEADERS of a request come in the order of the ids.
  const frames = [settingsOf(role, chance), frame(FRAME.settings, ACK, 0, Buffer.alloc(0))];
  let begun = 0;
  for (;;) {
    const open = queues.slice(0, begun).filter((queue) => queue.length > 0);
    if (begun === calls && open.length === 0) return frames;
    const queue = begun < calls && (open.length === 0 || chance.chance(0.5)) ? queues[begun++] : chance.pick(open);
    frames.push(queue?.shift() as Buffer);
    if (chance.chance(0.15)) frames.push(aside(chance));
  }
}

/** Frames that belong together are one buffer: HEADERS with its CONTINUATION frames. */
function callOf(role: Role, id: number, chance: Chance): Buffer[] {
  const frames: Buffer[] = [];
  const more = Array.from({ length: chance.between(0, 5) }, (_, i): [string, string] => [`x-${i}`, plainText(chance)]);
  const head = role === "server" ? callFields("/a.B/C") : [[":status", "200"] as [string, string]];
  if (role === "client" && chance.chance(0.1)) frames.push(headersOf(id, 0, [[":status", "103"]], chance));
  const ends = chance.chance(0.2);
  frames.push(headersOf(id, ends ? END_STREAM : 0, [...head, ...more], chance));
  if (ends) return frames;
  for (let left = chance.between(0, 5); left > 0; left--) frames.push(dataOf(id, 0, chance));
  if (chance.chance(0.2)) return [...frames, frame(FRAME.reset, 0, id, uint32(chance.between(0, 13)))];
  if (chance.chance(0.2)) frames.push(frame(FRAME.windowUpdate, 0, id, uint32(chance.between(1, 100_000))));
  const last = chance.chance(0.5) ? dataOf(id, END_STREAM, chance) : headersOf(id, END_STREAM, more, chance);
  return [...frames, last];
}

function headersOf(id: number, flags: number, fields: readonly [string, string][], chance: Chance): Buffer {
  const all = block(fields);
  const cuts = chance.chance(0.2)
    ? [chance.between(0, all.length), chance.between(0, all.length)].sort((a, b) => a - b)
    : [];
  const parts = [0, ...cuts].map((from, i) => all.subarray(from, cuts[i] ?? all.length));
  const priority = chance.chance(0.1) ? Buffer.concat([uint32(0), Buffer.of(16)]) : Buffer.alloc(0);
  const first = padded(Buffer.concat([priority, parts[0] as Buffer]), chance);
  const kind = flags | first.flag | (priority.length > 0 ? PRIORITY : 0);
  const frames = [frame(FRAME.headers, kind | (parts.length === 1 ? END_HEADERS : 0), id, first.payload)];
  for (let i = 1; i < parts.length; i++) {
    frames.push(frame(FRAME.continuation, i === parts.length - 1 ? END_HEADERS : 0, id, parts[i] as Buffer));
  }
  return Buffer.concat(frames);
}

function dataOf(id: number, flags: number, chance: Chance): Buffer {
  const { payload, flag } = padded(Buffer.alloc(chance.length(5_000), "x"), chance);
  return frame(FRAME.data, flags | flag, id, payload);
}

function padded(payload: Buffer, chance: Chance): { payload: Buffer; flag: number } {
  if (!chance.chance(0.2)) return { payload, flag: 0 };
  const padding = chance.between(0, 255);
  return { payload: Buffer.concat([Buffer.of(padding), payload, Buffer.alloc(padding)]), flag: PADDED };
}

function settingsOf(role: Role, chance: Chance): Buffer {
  const pairs: [number, number][] = [];
  if (chance.chance(0.5)) pairs.push([1, chance.pick([0, 100, 4_096, 2 ** 32 - 1])]);
  if (chance.chance(0.3)) pairs.push([2, role === "server" ? chance.between(0, 1) : 0]);
  if (chance.chance(0.7)) pairs.push([4, chance.pick([0, 1, 100, 65_535, 2 ** 20, 2 ** 31 - 1 - 200_000])]);
  if (chance.chance(0.5)) pairs.push([5, chance.pick([16_384, 100_000, 2 ** 24 - 1])]);
  if (chance.chance(0.2)) pairs.push([chance.between(7, 0xffff), chance.between(0, 2 ** 31)]);
  const entries = pairs.map(([id, value]) => Buffer.concat([Buffer.of(id >> 8, id & 0xff), uint32(value)]));
  return frame(FRAME.settings, 0, 0, Buffer.concat(entries));
}

/** Something of the connection's own. */
function aside(chance: Chance): Buffer {
  switch (chance.between(0, 4)) {
    case 0:
      return frame(FRAME.ping, chance.chance(0.5) ? ACK : 0, 0, chance.bytes(8));
    case 1:
      return frame(FRAME.windowUpdate, 0, 0, uint32(chance.between(1, 1_000_000)));
    case 2:
      return frame(FRAME.settings, 0, 0, Buffer.concat([Buffer.of(0, 4), uint32(chance.between(0, 2 ** 20))]));
    case 3:
      return frame(FRAME.priority, 0, 2 ** 31 - 1, Buffer.concat([uint32(0), Buffer.of(1)]));
    default:
      return frame(
        chance.between(10, 255),
        chance.between(0, 255),
        chance.between(0, 9),
        chance.bytes(chance.length(50)),
      );
  }
}

/** Frames that are twice there, gone, changed places, or have another stream, type or flags. */
function disturbed(frames: readonly Buffer[], chance: Chance): Buffer[] {
  const result: Buffer[] = frames.map((one) => Buffer.from(one));
  for (let left = chance.between(1, 4); left > 0; left--) {
    const [at, to] = [chance.between(0, result.length - 1), chance.between(0, result.length)];
    const one = result[at];
    if (one === undefined) break;
    const what = chance.between(0, 8);
    if (what === 0) result.splice(at, 1);
    else if (what === 1) result.splice(to, 0, one);
    else if (what === 2) result.splice(to, 0, ...result.splice(at, 1));
    else if (what === 3) one.writeUInt32BE(chance.pick([0, 1, 2, 3, 5, 99, 2 ** 31 - 1, 2 ** 32 - 1]), 5);
    else if (what === 4) one.writeUInt8(chance.between(0, 10), 3);
    else if (what === 5) one.writeUInt8(chance.between(0, 255), 4);
    else if (what === 6)
      result.splice(to, 0, frame(FRAME.goaway, 0, 0, Buffer.concat([uint32(chance.between(0, 20)), uint32(0)])));
    else if (what === 7) result.splice(to, 0, tooMuch(chance));
    else for (let times = chance.between(10, 300); times > 0; times--) result.splice(to, 0, one);
  }
  return result;
}

/** More than a window or a header block holds. */
function tooMuch(chance: Chance): Buffer {
  const id = 2 * chance.between(0, 5) + 1;
  const part = Buffer.alloc(16_000);
  switch (chance.between(0, 2)) {
    case 0:
      return Buffer.concat(Array.from({ length: chance.between(5, 25) }, () => frame(FRAME.data, 0, id, part)));
    case 1:
      return frame(FRAME.windowUpdate, 0, chance.pick([0, id]), uint32(2 ** 31 - 1));
    default:
      return Buffer.concat([
        frame(FRAME.headers, 0, id, part),
        ...Array.from({ length: chance.between(1, 9) }, () => frame(FRAME.continuation, 0, id, part)),
      ]);
  }
}

function cut(bytes: Buffer, chance: Chance): Buffer[] {
  // Single bytes only of what is short: looking at everything in between is what takes the time.
  const most = Math.max(chance.pick([1, 20, 500, 100_000]), Math.floor(bytes.length / CHUNKS));
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + chance.between(1, most);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

function plainText(chance: Chance): string {
  return "abcdefghij ".repeat(1 + chance.length(100)).slice(0, chance.between(0, 1_000));
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
