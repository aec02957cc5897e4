/** Binding a listener to an address, the same for every listener of a port. */
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { addressText, type ListenAddress } from "./server.js";

/**
 * Where the server listens from now on.
 *
 * Errors: an `Error` that names the address, with node's own as its cause (`EADDRINUSE`, `EACCES`, …).
 */
export async function listenOn(server: Server, address: ListenAddress): Promise<ListenAddress> {
  try {
    server.listen("path" in address ? { path: address.path } : { host: address.host, port: address.port });
    await once(server, "listening");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const reason = code === "EADDRINUSE" ? "the address is in use" : (cause as Error).message;
    throw new Error(`cannot listen on ${addressText(address)}: ${reason}`, { cause });
  }
  // A failed accept (no file descriptor left) costs one connection, not the listener.
  server.on("error", () => {});
  return listeningAddress(server) ?? address;
}

/** Undefined where it does not listen. */
export function listeningAddress(server: Server): ListenAddress | undefined {
  const address: AddressInfo | string | null = server.address();
  if (address === null) return undefined;
  return typeof address === "string" ? { path: address } : { host: address.address, port: address.port };
}
