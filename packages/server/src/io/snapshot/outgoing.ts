/**
 * A backend's snapshot on its way out, as a file with its digest: to a member that lags too far behind for the log, or to
 * a client that saves it. Pieces are made when they are asked for, so a slow receiver costs an open snapshot and no memory.
 */
import { createHash } from "node:crypto";
import type { BackendSnapshot } from "../../core/mvcc/backend.js";
import type { SnapshotBody } from "../../peer-network.js";
import { type EncodeOptions, encodeSnapshot } from "./encode.js";
import { CHUNK_BYTES, DIGEST_BYTES, SnapshotError } from "./format.js";

export type OutgoingOptions = Omit<EncodeOptions, "pieceBytes"> & {
  /** At most 1 MiB; default 128 KiB, what is made in one turn of the event loop. */
  readonly pieceBytes?: number;
};

/**
 * The snapshot belongs to the body, which closes it; it is closed when this rejects, too. All pieces have `pieceBytes`,
 * except the file's last one and, behind it, the digest alone. `pause` is waited for after each.
 */
export async function outgoingSnapshot(snapshot: BackendSnapshot, options: OutgoingOptions): Promise<SnapshotBody> {
  const { pause, pieceBytes = CHUNK_BYTES } = options;
  try {
    const { size, pieces } = await encodeSnapshot(snapshot, { ...options, pieceBytes });
    let closed = false;
    const open = (): boolean => !closed;
    return {
      bytes: size + DIGEST_BYTES,
      pieces: sealed(pieces, open, pause),
      close: () => {
        closed = true;
        snapshot.close();
      },
    };
  } catch (error) {
    snapshot.close();
    throw error;
  }
}

async function* sealed(
  pieces: Iterable<Uint8Array>,
  open: () => boolean,
  pause: () => Promise<void>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const digest = createHash("sha256");
  checkOpen(open);
  for (const piece of pieces) {
    digest.update(piece);
    yield piece;
    // A fast receiver must not keep the event loop to itself.
    await pause();
    checkOpen(open);
  }
  yield Uint8Array.from(digest.digest());
}

function checkOpen(open: () => boolean): void {
  if (!open()) throw new SnapshotError("the snapshot was closed before all of it was sent");
}
