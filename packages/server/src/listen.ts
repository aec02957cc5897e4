/** Client URLs as addresses to listen on, and bound addresses as URLs to connect to. */
import { once } from "node:events";
import { unlink } from "node:fs/promises";
import { connect } from "node:net";
import type { ListenAddress, PortMux } from "@kvorum/transport";
import { hostOf, isSecure, isUnix } from "./listener-url.js";

/** `localhost` means IPv4's loopback, as it does for etcd; Node alone would take whatever the resolver says first. */
export function addressOf(url: string): ListenAddress {
  if (isUnix(url)) return { path: url.replace(/^unixs?:\/\//, "") };
  const { port } = new URL(url);
  const host = hostOf(url);
  const portOfScheme = isSecure(url) ? 443 : 80;
  return { host: host === "localhost" ? "127.0.0.1" : host, port: port === "" ? portOfScheme : Number(port) };
}

/** Where a client on this machine reaches a bound address: an unspecified address becomes the loopback one. */
export function endpointOf(address: ListenAddress, options: { readonly secure?: boolean } = {}): string {
  const s = options.secure === true ? "s" : "";
  if ("path" in address) return `unix${s}://${address.path}`;
  const host = { "0.0.0.0": "127.0.0.1", "::": "[::1]" }[address.host];
  return `http${s}://${host ?? (address.host.includes(":") ? `[${address.host}]` : address.host)}:${address.port}`;
}

/** Listens; a unix socket that a killed process left behind is replaced, one that answers is not. */
export async function listen(mux: PortMux, address: ListenAddress): Promise<ListenAddress> {
  if ("path" in address && (await isAbandoned(address.path))) await unlink(address.path);
  return (await mux.listen(address)).address;
}

async function isAbandoned(path: string): Promise<boolean> {
  const socket = connect({ path });
  try {
    await once(socket, "connect");
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
  } finally {
    socket.destroy();
  }
}
