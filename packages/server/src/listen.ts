/** Client URLs as addresses to listen on, and bound addresses as URLs to connect to. */
import { once } from "node:events";
import { unlink } from "node:fs/promises";
import { connect } from "node:net";
import type { ListenAddress, PortMux } from "@kvorum/transport";

/** The name in a URL, without brackets; empty for a unix socket. */
export function hostOf(url: string): string {
  return url.startsWith("unix:") ? "" : new URL(url).hostname.replace(/^\[|\]$/g, "");
}

/** `localhost` means IPv4's loopback, as it does for etcd; Node alone would take whatever the resolver says first. */
export function addressOf(url: string): ListenAddress {
  if (url.startsWith("unix:")) return { path: url.slice("unix://".length) };
  const { port } = new URL(url);
  const host = hostOf(url);
  return { host: host === "localhost" ? "127.0.0.1" : host, port: port === "" ? 80 : Number(port) };
}

/** Where a client on this machine reaches a bound address: an unspecified address becomes the loopback one. */
export function endpointOf(address: ListenAddress): string {
  if ("path" in address) return `unix://${address.path}`;
  const host = { "0.0.0.0": "127.0.0.1", "::": "[::1]" }[address.host];
  return `http://${host ?? (address.host.includes(":") ? `[${address.host}]` : address.host)}:${address.port}`;
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
