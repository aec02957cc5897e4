/** How much memory a server has, from its own `/metrics`. */

import { readFile } from "node:fs/promises";
import { request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import type { Settings } from "../settings.js";

/** Bytes of an answer that are read at most: the metrics of a large node are a few hundred KiB. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
const NAME = /^process_resident_memory_bytes\s+([\d.e+]+)$/m;

/**
 * Resident bytes of the process behind the endpoint (`http://host:port`).
 *
 * Errors: that it cannot be asked, or does not say.
 */
export async function residentBytes(endpoint: string, settings: Settings): Promise<number> {
  const text = await fetchText(new URL("/metrics", endpoint), settings);
  const found = NAME.exec(text)?.[1];
  if (found === undefined) throw new Error(`${endpoint}/metrics has no process_resident_memory_bytes`);
  return Number(found);
}

async function fetchText(url: URL, settings: Settings): Promise<string> {
  const read = async (file: string): Promise<Buffer | undefined> => (file === "" ? undefined : readFile(file));
  const [ca, cert, key] = await Promise.all([read(settings.cacert), read(settings.cert), read(settings.key)]);
  const options = {
    timeout: settings["command-timeout"],
    rejectUnauthorized: !settings["insecure-skip-tls-verify"],
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? requestTls : requestPlain)(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        if (text.length > ANSWER_BYTES_MAX) request.destroy(new Error(`${url.href} does not end`));
      });
      response.once("end", () => resolve(text)).once("error", reject);
    });
    request.once("timeout", () => request.destroy(new Error(`${url.href} does not answer`)));
    request.once("error", reject).end();
  });
}
