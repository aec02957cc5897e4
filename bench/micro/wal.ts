/** What the log writes for each entry: its frame and both checksums. */
import { encodeFlush, FrameType, frameBytes } from "../../packages/server/dist/io/wal/frame.js";
import type { Micro } from "./micro.js";

const FRAMES = 100;
const PAYLOAD_BYTES = 300;

export function walFrames(): Micro {
  const payload = new Uint8Array(PAYLOAD_BYTES).fill(5);
  const frames = Array.from({ length: FRAMES }, () => ({ type: FrameType.entries, payload }));
  const target = new Uint8Array(FRAMES * frameBytes(PAYLOAD_BYTES));
  let [chain, epoch] = [0, 1];
  return {
    name: "log: a frame of 300 bytes with its checksums",
    run: () => {
      chain = encodeFlush(target, 0, frames, chain, { headerSeed: 1, epoch, durableEpoch: epoch - 1 });
      epoch++;
      return FRAMES;
    },
  };
}
