/** What the stories of watches have in common. */
import type { WatchCreate, WatchResponse, WatchStream } from "../../src/core/watch/types.js";

/** A watch of every key with this prefix; of all keys by default. */
export function watchOf(parts: Partial<WatchCreate> & { readonly prefix?: string } = {}): WatchCreate {
  const { prefix = "", ...rest } = parts;
  const key = new TextEncoder().encode(prefix);
  const end = key.slice();
  if (end.length > 0) end[end.length - 1] = (end.at(-1) as number) + 1;
  return {
    ...{ key: key.length === 0 ? ZERO : key, rangeEnd: key.length === 0 ? ZERO : end, startRevision: 0n, watchId: 0 },
    ...{ prevKv: false, progressNotify: false, noPut: false, noDelete: false, fragment: false },
    ...rest,
  };
}

/** Everything that waits on the stream. */
export function drained(stream: WatchStream): readonly WatchResponse[] {
  const responses: WatchResponse[] = [];
  for (let response = stream.next(); response !== undefined; response = stream.next()) responses.push(response);
  return responses;
}

/** Changes as `put a@2` and `delete a@3`, in the order of their arrival. */
export function told(responses: readonly WatchResponse[], watchId?: number): readonly string[] {
  return responses
    .filter((response) => watchId === undefined || response.watchId === watchId)
    .flatMap(({ events }) => events)
    .map(({ type, kv }) => `${type} ${new TextDecoder().decode(kv.key)}@${kv.modRevision}`);
}

const ZERO: Uint8Array = Uint8Array.of(0);
