/**
 * A member's snapshot as a web stream, pulled as its reader reads. etcd ends the file with the SHA-256 of what comes before,
 * so a stream that ends early or changed on the way is an error and not a short file.
 */
import { createHash } from "node:crypto";
import { Maintenance, type SnapshotResponse } from "@kvorum/proto";
import { EtcdError } from "./errors.js";
import type { Streams } from "./net/streams.js";
import type { CallOptions } from "./options.js";

const DIGEST_BYTES = 32;

export function snapshotStream(
  streams: Streams,
  options: Pick<CallOptions, "signal" | "endpoint">,
): ReadableStream<Uint8Array> {
  const abort = new AbortController();
  const signal = options.signal ? AbortSignal.any([abort.signal, options.signal]) : abort.signal;
  const chunks = verified(download(streams, signal, options.endpoint));
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const chunk = await chunks.next();
        if (chunk.done) controller.close();
        else controller.enqueue(chunk.value);
      },
      cancel: async (reason) => {
        abort.abort(reason);
        await chunks.return().catch(() => undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

async function* download(
  streams: Streams,
  signal: AbortSignal,
  address: string | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal.throwIfAborted();
  const endpoint = address === undefined ? streams.pick() : streams.pinned(address);
  const opened = await streams.open(Maintenance.method.snapshot, once({}), { signal, endpoint });
  try {
    let last: SnapshotResponse | undefined;
    for await (const part of opened.answers) {
      last = part;
      if (part.blob.length > 0) yield part.blob;
    }
    if (last === undefined || last.remainingBytes !== 0n) throw broken("the snapshot ended early", endpoint.address);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof EtcdError) throw error;
    throw (await streams.ended(Maintenance.method.snapshot, "admin", endpoint, error)).error;
  } finally {
    opened.release();
  }
}

/** Passes everything on and compares the last 32 bytes with the digest of the rest. */
async function* verified(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash("sha256");
  let tail: Uint8Array = new Uint8Array(0);
  for await (const chunk of chunks) {
    // The digest may come in more than one chunk, so the last 32 bytes are always held back from the hash.
    const seen = new Uint8Array(tail.length + chunk.length);
    seen.set(tail);
    seen.set(chunk, tail.length);
    const kept = Math.max(0, seen.length - DIGEST_BYTES);
    hash.update(seen.subarray(0, kept));
    tail = seen.subarray(kept);
    yield new Uint8Array(chunk);
  }
  if (!hash.digest().equals(tail)) throw broken("the snapshot does not match its digest");
}

function broken(message: string, endpoint?: string): EtcdError {
  return new EtcdError(message, { code: "DATA_LOSS", reason: "transport", outcome: "not-applied", endpoint });
}

async function* once<T>(item: T): AsyncGenerator<T, void, undefined> {
  yield item;
}
