/**
 * Opens a channel to one peer URL that is known to answer.
 *
 * A plain TCP connection is tried first and given up in time. grpc-js forgets a socket that is still connecting when its
 * channel closes: during a partition each attempt would leave one in SYN_SENT for two minutes, which keeps the process
 * alive, and all of them would connect when the partition heals.
 */
import { connect } from "node:net";
import type { Channel, ChannelOptions, TlsClientOptions, TransportFactory } from "@kvorum/transport";
import { hostOf, isSecure } from "../../listener-url.js";
import type { KeepAlive } from "./bounds.js";

/** Asked at each connection: certificates change. */
export type ClientTls = () => Promise<TlsClientOptions>;

export interface DialOptions {
  /** The engine's client half. */
  readonly channel: TransportFactory;
  /** For `https` URLs. Default: node's own trust and no certificate. */
  readonly tls: ClientTls | undefined;
  readonly connectTimeoutMs: number;
  readonly keepAlive: KeepAlive;
  readonly receiveBytesMax: number;
  readonly signal: AbortSignal;
}

/**
 * The channel has a connection of its own; closing it is the caller's.
 *
 * Errors: the connection's; the signal's reason; `TypeError` for an impossible URL.
 */
export async function dial(url: string, options: DialOptions): Promise<Channel> {
  const { channel, tls, connectTimeoutMs, keepAlive, receiveBytesMax, signal } = options;
  await knock(url, connectTimeoutMs, signal);
  const material = isSecure(url) ? await tls?.() : undefined;
  signal.throwIfAborted();
  const channelOptions: ChannelOptions = {
    connectTimeoutMs,
    keepAlive,
    receiveBytesMax,
    sendBytesMax: receiveBytesMax,
    ...(material !== undefined && { tls: material }),
  };
  return channel(url, channelOptions);
}

/** Resolves when somebody listens there. */
function knock(url: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const { port } = new URL(url);
  const portOfScheme = isSecure(url) ? 443 : 80;
  const socket = connect({ host: hostOf(url), port: port === "" ? portOfScheme : Number(port) });
  return new Promise<void>((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    socket.setTimeout(timeoutMs, () => reject(new Error(`no connection to ${url} within ${timeoutMs} ms`)));
    socket.once("connect", resolve);
    // Stays: a socket without a listener for errors takes the process down.
    socket.on("error", reject);
    signal.addEventListener("abort", giveUp, { once: true });
    socket.once("close", () => signal.removeEventListener("abort", giveUp));
    if (signal.aborted) giveUp();
  }).finally(() => socket.destroy());
}
