/**
 * A member's snapshot as a web stream, pulled as its reader reads. etcd ends the file with the SHA-256 of what comes before,
 * so a stream that ends early or changed on the way is an error and not a short file.
 */
import { createHash } from "node:crypto";
import { Maintenance, type SnapshotResponse } from "@kvorum/proto";
import { EtcdError, isEtcdError } from "../errors.js";
import type { Streams } from "../net/streams.js";
import type { CallOptions } from "../options.js";

const DIGEST_BYTES = 32;

export type SnapshotOptions = Pick<CallOptions, "signal" | "endpoint">;

/** The file's bytes. Nothing is asked for before the first read. */
export interface Snapshot extends ReadableStream<Uint8Array> {
  /** Of the storage format, known with the first bytes: `3.6.0`. Empty from servers before 3.6. Rejects as reading does. */
  readonly version: Promise<string>;
}

export function snapshotStream(streams: Streams, options: SnapshotOptions): Snapshot {
  const abort = new AbortController();
  const signal = options.signal ? AbortSignal.any([abort.signal, options.signal]) : abort.signal;
  let settle = { resolve: (_: string): void => undefined, reject: (_: unknown): void => undefined };
  const version = new Promise<string>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Whoever does not ask for it learns of the failure from reading.
  version.catch(() => undefined);
  const chunks = verified(download(streams, signal, options.endpoint, settle.resolve));
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const chunk = await chunks.next();
          if (chunk.done) controller.close();
          else controller.enqueue(chunk.value);
        } catch (error) {
          settle.reject(error);
          throw error;
        }
      },
      cancel: async (reason) => {
        settle.reject(reason);
        abort.abort(reason);
        await chunks.return().catch(() => undefined);
      },
    },
    { highWaterMark: 0 },
  );
  return Object.assign(stream, { version });
}

async function* download(
  streams: Streams,
  signal: AbortSignal,
  address: string | undefined,
  onVersion: (version: string) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal.throwIfAborted();
  const pinned = address === undefined ? {} : { endpoint: streams.pinned(address) };
  let last: SnapshotResponse | undefined;
  for (let refreshed = false; ; refreshed = true) {
    const opened = await streams.open(Maintenance.method.snapshot, once({}), { signal, ...pinned });
    const { endpoint } = opened;
    try {
      for await (const part of opened.answers) {
        if (last === undefined) onVersion(part.version);
        last = part;
        if (part.blob.length > 0) yield part.blob;
      }
      if (last === undefined || last.remainingBytes !== 0n) throw broken("the snapshot ended early", endpoint.address);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (isEtcdError(error)) throw error;
      const end = await streams.ended(Maintenance.method.snapshot, "admin", endpoint, error);
      // Only a token that was refused before anything came is worth another attempt, with the one that there is now.
      if (end.action !== "refresh" || refreshed || last !== undefined) throw end.error;
    } finally {
      opened.release();
    }
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
  const init = { code: "DATA_LOSS", reason: "transport", outcome: "not-applied", endpoint } as const;
  return new EtcdError(message, { ...init, method: "/etcdserverpb.Maintenance/Snapshot" });
}

async function* once<T>(item: T): AsyncGenerator<T, void, undefined> {
  yield item;
}
