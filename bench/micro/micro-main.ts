/** All micro-benchmarks, for `scripts/micro.mjs`. What each one sets up is made when it is its turn. */
import { codecs } from "./codec.js";
import { frameReader, hpackBlocks, hpackEncoder } from "./frames.js";
import { http2Core } from "./http2-core.js";
import { type Micro, perCpuSecond } from "./micro.js";
import { storePuts, storeReads } from "./mvcc.js";
import { walFrames } from "./wal.js";
import { watchHub } from "./watch.js";

const MICROS: readonly (() => Iterable<Micro>)[] = [
  () => [http2Core()],
  () => [hpackBlocks(), hpackEncoder(), frameReader()],
  codecs,
  () => [walFrames()],
  () => [storePuts()],
  storeReads,
  () => [watchHub()],
];

/** Name and operations a second of processor time, one after the other. */
export function* measureAll(seconds: number): Generator<readonly [string, number]> {
  for (const make of MICROS) for (const micro of make()) yield [micro.name, perCpuSecond(micro, seconds)];
}
