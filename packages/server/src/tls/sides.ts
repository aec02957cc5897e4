/** Both sides of a node's TLS: what its options ask for, opened. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, Logger } from "../env.js";
import type { TlsMeasures } from "../measures/tls-measures.js";
import type { TlsOptions } from "../security-options.js";
import { type NodeTls, openTls } from "./node-tls.js";

export interface TlsSidesOptions {
  readonly clientTls?: TlsOptions | undefined;
  readonly peerTls?: TlsOptions | undefined;
  /** URLs of each side that are listened on. */
  readonly clientUrls: readonly string[];
  readonly peerUrls: readonly string[];
  /** Undefined for a node in memory: what it makes for itself is forgotten with it. */
  readonly dataDir: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly measures?: TlsMeasures | undefined;
}

export interface TlsSides {
  readonly client?: NodeTls | undefined;
  readonly peer?: NodeTls | undefined;
  /** Removes what must not outlive a node in memory. */
  close(): Promise<void>;
}

/** Errors: those of `openTls`; nothing stays then. */
export async function openTlsSides(options: TlsSidesOptions): Promise<TlsSides> {
  const { clientTls, peerTls, clientUrls, peerUrls, clock, logger } = options;
  const makes = [clientTls, peerTls].some((tls) => tls?.autoTls === true);
  const temporary = options.dataDir === undefined && makes ? await mkdtemp(join(tmpdir(), "kvorum-tls-")) : undefined;
  const close = async (): Promise<void> => {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  };
  const dataDir = options.dataDir ?? temporary ?? "";
  const open = async (side: "client" | "peer", tls: TlsOptions | undefined, urls: readonly string[]) => {
    if (tls === undefined) return undefined;
    const onReload = (result: "reloaded" | "failed"): void => options.measures?.reloads.of(side, result).add(1);
    return openTls({ side, tls, urls, dataDir, clock, logger, onReload });
  };
  try {
    return { client: await open("client", clientTls, clientUrls), peer: await open("peer", peerTls, peerUrls), close };
  } catch (error) {
    await close();
    throw error;
  }
}
