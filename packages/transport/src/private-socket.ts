/**
 * A unix socket that only this user can reach: where an RPC engine listens behind the port mux. Permissions of the
 * socket file are not enforced everywhere, those of its folder are (unix(7)), so it lies in a fresh one of mode 0700.
 */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { INTRODUCTION_KEY_BYTES } from "./introduction.js";
import { Partings } from "./partings.js";
import type { PrivateAddress, RpcServer } from "./server.js";

export interface PrivateListener {
  readonly address: PrivateAddress;
  /** Removes the socket's folder; call it after the server is closed. Idempotent. */
  remove(): Promise<void>;
}

/** Longest path of a socket that every system takes (`sun_path` has 104 bytes on BSD, 108 on Linux). */
const SOCKET_PATH_BYTES_MAX = 103;
const SOCKET_NAME = "rpc";

/**
 * Makes the server listen on a private socket. `ownFolder` is a folder that belongs to the caller alone: whatever a killed
 * process left in it is removed. Without one, or where its path is too long for a socket, a fresh folder for temporary
 * files is used, which a killed process leaves behind.
 *
 * Errors: those of the server's `listen`; nothing is left behind then.
 */
export async function listenPrivately(server: RpcServer, ownFolder?: string): Promise<PrivateListener> {
  const folder = await privateFolder(ownFolder);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const address = {
      path: join(folder, SOCKET_NAME),
      introductionKey: randomBytes(INTRODUCTION_KEY_BYTES),
      partings: new Partings(),
    };
    await server.listen(address);
    return { address, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function privateFolder(own: string | undefined): Promise<string> {
  if (own === undefined || Buffer.byteLength(join(own, SOCKET_NAME)) > SOCKET_PATH_BYTES_MAX) {
    return mkdtemp(join(tmpdir(), "kvorum-"));
  }
  await rm(own, { recursive: true, force: true });
  await mkdir(own, { mode: 0o700 });
  return own;
}
