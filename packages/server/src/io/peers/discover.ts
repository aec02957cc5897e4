/** Asks addresses for their cluster: how a member that belongs to none yet learns the ids of the others. */
import { Peer } from "@kvorum/proto";
import type { Channel, TransportFactory } from "@kvorum/transport";
import type { Clock, Logger } from "../../env.js";
import type { ClusterDescription } from "../../peer-network.js";
import { toClusterDescription } from "../wire/question.js";
import type { PeerBounds } from "./bounds.js";
import { type ClientTls, dial } from "./dial.js";

export interface DiscoverOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly channel: TransportFactory;
  readonly tls: ClientTls | undefined;
  readonly bounds: PeerBounds;
  readonly signal: AbortSignal;
}

/** In turn; each address gets its share of what is left of the time. Undefined when none answers. */
export async function discover(
  urls: readonly string[],
  timeoutMs: number,
  options: DiscoverOptions,
): Promise<ClusterDescription | undefined> {
  const { clock, logger, signal } = options;
  const endMs = clock.nowMs() + timeoutMs;
  for (const [index, url] of urls.entries()) {
    const shareMs = (endMs - clock.nowMs()) / (urls.length - index);
    if (shareMs <= 0 || signal.aborted) return undefined;
    try {
      return await describe(url, shareMs, options);
    } catch (error) {
      logger.debug({ url, reason: String(error) }, "an address does not tell its cluster");
    }
  }
  return undefined;
}

async function describe(url: string, timeoutMs: number, options: DiscoverOptions): Promise<ClusterDescription> {
  const { clock, channel: factory, tls, bounds, signal } = options;
  const { receiveBytesMax, controlKeepAlive } = bounds;
  const endMs = clock.nowMs() + timeoutMs;
  const connectTimeoutMs = Math.ceil(Math.min(timeoutMs, bounds.connectTimeoutMs));
  let channel: Channel | undefined;
  try {
    channel = await dial(url, {
      ...{ channel: factory, tls, connectTimeoutMs, keepAlive: controlKeepAlive, receiveBytesMax, signal },
    });
    const leftMs = Math.max(1, endMs - clock.nowMs());
    return toClusterDescription(await channel.unary(Peer.method.describe, {}, { timeoutMs: leftMs, signal }));
  } finally {
    await channel?.close();
  }
}
