/**
 * A unix socket that only this user can reach: where an RPC engine listens behind the port mux. Permissions of the
 * socket file are not enforced everywhere, those of its folder are (unix(7)), so it lies in a fresh one of mode 0700.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ListenAddress, RpcServer } from "./server.js";

export interface PrivateListener {
  readonly address: ListenAddress;
  /** Removes the socket's folder; call it after the server is closed. Idempotent. */
  remove(): Promise<void>;
}

/** Makes the server listen on a private socket. Errors: those of the server's `listen`; nothing is left behind then. */
export async function listenPrivately(server: RpcServer): Promise<PrivateListener> {
  const folder = await mkdtemp(join(tmpdir(), "kvorum-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const { address } = await server.listen({ path: join(folder, "rpc") });
    return { address, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
