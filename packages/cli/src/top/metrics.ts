/** The few of a member's metrics that `top` shows, read from its `/metrics` where that can be reached. */
import { readFile } from "node:fs/promises";
import { get as getPlain, type IncomingMessage } from "node:http";
import { get as getSecure, type RequestOptions as SecureOptions } from "node:https";
import type { Settings } from "../settings.js";

/** Operations that a member has seen since it started, and what is open on it now. */
export interface Counters {
  readonly puts: number;
  readonly ranges: number;
  readonly deletes: number;
  readonly txns: number;
  readonly watchers: number;
}

/** A page of metrics is some hundred kilobytes. */
const PAGE_BYTES_MAX = 8 * 1024 * 1024;

const NAMES: Readonly<Record<keyof Counters, string>> = {
  puts: "mvcc_put_total",
  ranges: "mvcc_range_total",
  deletes: "mvcc_delete_total",
  txns: "mvcc_txn_total",
  watchers: "mvcc_watcher_total",
};

/** What `--cacert`, `--cert` and `--key` hold, for the requests of one run. */
export async function tlsOf(settings: Settings): Promise<SecureOptions> {
  const { cacert, cert, key } = settings;
  return {
    ...(cacert !== "" && { ca: await readFile(cacert) }),
    ...(cert !== "" && key !== "" && { cert: await readFile(cert), key: await readFile(key) }),
    rejectUnauthorized: !settings["insecure-skip-tls-verify"],
  };
}

/** Undefined where the endpoint serves none. Never rejects. */
export async function readCounters(
  endpoint: string,
  tls: SecureOptions,
  timeoutMs: number,
): Promise<Counters | undefined> {
  if (!URL.canParse(endpoint) || !/^https?:/.test(endpoint)) return undefined;
  try {
    return countersOf(await page(new URL("/metrics", endpoint), tls, timeoutMs));
  } catch {
    return undefined;
  }
}

/**
 * Some versions of etcd call them `etcd_debugging_…`, some `etcd_…`, and some have both with the same value. Undefined where the
 * text has none of them.
 */
export function countersOf(text: string): Counters | undefined {
  const values = new Map<string, number>();
  for (const [, name, value] of text.matchAll(/^etcd_(?:debugging_)?(mvcc_\w+_total)(?:\{[^}]*\})? (\S+)$/gm)) {
    values.set(name as string, Number(value));
  }
  if (!values.has(NAMES.puts)) return undefined;
  const read = (key: keyof Counters): number => values.get(NAMES[key]) ?? 0;
  return {
    ...{ puts: read("puts"), ranges: read("ranges"), deletes: read("deletes") },
    ...{ txns: read("txns"), watchers: read("watchers") },
  };
}

function page(url: URL, tls: SecureOptions, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const take = (response: IncomingMessage): void => {
      if (response.statusCode !== 200) {
        response.destroy();
        reject(new Error(`status ${response.statusCode}`));
        return;
      }
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
        if (text.length > PAGE_BYTES_MAX) response.destroy(new Error("the page is too long"));
      });
      response.once("end", () => resolve(text));
      response.once("error", reject);
    };
    const request =
      url.protocol === "https:" ? getSecure(url, { ...tls, signal }, take) : getPlain(url, { signal }, take);
    request.once("error", reject);
  });
}
