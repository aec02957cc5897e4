/**
 * Sends one snapshot file on a connection of its own, a chunk at a time, as fast as the other side takes them. It is
 * over when the receiver has said that the snapshot is installed or not needed.
 */
import { crc32 } from "node:zlib";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Peer, type PeerHandshake, SnapshotFrameSchema } from "@kvorum/proto";
import type { Channel } from "@kvorum/transport";
import type { Clock, Timer } from "../../env.js";
import type { SnapshotBody, SnapshotMessage } from "../../peer-network.js";
import { toRaftMessage } from "../wire/message.js";
import { type PeerBounds, SNAPSHOT_CHUNK_BYTES_MAX } from "./bounds.js";

export interface OutgoingOptions {
  readonly clock: Clock;
  readonly bounds: PeerBounds;
  readonly handshake: PeerHandshake;
  readonly dial: (signal: AbortSignal) => Promise<Channel>;
  readonly signal: AbortSignal;
}

type FrameInit = MessageInitShape<typeof SnapshotFrameSchema>;

/** Resolves when the receiver has it. Errors: whatever went wrong on either side. Closes the body. */
export async function sendSnapshot(
  message: SnapshotMessage,
  body: SnapshotBody,
  options: OutgoingOptions,
): Promise<void> {
  const { clock, bounds, handshake } = options;
  const abort = new AbortController();
  const stop = (): void => abort.abort(options.signal.reason);
  options.signal.addEventListener("abort", stop, { once: true });
  if (options.signal.aborted) stop();
  let timer: Timer | undefined;
  const allow = (timeoutMs: number): void => {
    timer?.cancel();
    timer = clock.setTimer(timeoutMs, () => abort.abort(new Error(`the snapshot did not move for ${timeoutMs} ms`)));
  };
  let channel: Channel | undefined;
  try {
    channel = await options.dial(abort.signal);
    const head = { handshake, message: toRaftMessage(message), bytes: BigInt(body.bytes) };
    const frames = framesOf(head, body, {
      moved: () => allow(bounds.snapshotIdleMs),
      sent: () => allow(bounds.snapshotInstallMs),
    });
    let answered = false;
    for await (const _ of channel.stream(Peer.method.sendSnapshot, frames, { signal: abort.signal })) answered = true;
    if (!answered) throw new Error("the snapshot was not answered");
  } finally {
    timer?.cancel();
    options.signal.removeEventListener("abort", stop);
    await channel?.close();
    body.close();
  }
}

async function* framesOf(
  head: Extract<FrameInit["frame"], { case: "head" }>["value"],
  body: SnapshotBody,
  progress: { moved(): void; sent(): void },
): AsyncGenerator<FrameInit, void, undefined> {
  progress.moved();
  yield { frame: { case: "head", value: head } };
  let offset = 0;
  for await (const piece of body.pieces) {
    for (const data of chunks(piece)) {
      progress.moved();
      const chunk = { offset: BigInt(offset), data, crc: crc32(data) };
      yield create(SnapshotFrameSchema, { frame: { case: "chunk", value: chunk } });
      offset += data.length;
    }
  }
  progress.sent();
}

function* chunks(piece: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let from = 0; from < piece.length; from += SNAPSHOT_CHUNK_BYTES_MAX) {
    yield piece.subarray(from, from + SNAPSHOT_CHUNK_BYTES_MAX);
  }
}
