/**
 * `h2load` of Debian's `nghttp2-client` as the generator. One process has one body for all of its calls; the load is spread over
 * a few of them, so that there is more than one key and more than one value.
 */
import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { latencies } from "../statistics.js";
import type { Load, LoadResult } from "./load.js";

const BODIES_DEFAULT = 4;
/** Rows of a busy round are tens of megabytes: written to memory where the system has a place for that. */
const MEMORY_DIRECTORY = "/dev/shm";

/** `h2load nghttp2/1.52.0`, or undefined where it is not installed. */
export function h2loadVersion(): string | undefined {
  try {
    return execFileSync("h2load", ["--version"], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

/** Errors: `Error` when a call fails, or is answered with an error. */
export async function h2load(endpoint: string, load: Load, seconds: number): Promise<LoadResult> {
  const directory = await mkdtemp(join(existsSync(MEMORY_DIRECTORY) ? MEMORY_DIRECTORY : tmpdir(), "kvorum-h2load-"));
  try {
    const shares = spread(load.connections, Math.min(load.connections, load.bodies ?? BODIES_DEFAULT));
    const took = await Promise.all(
      shares.map(async (connections, index) => {
        const [body, log] = [join(directory, `body-${index}`), join(directory, `log-${index}`)];
        const { path, frame } = load.source().next();
        await writeFile(body, frame);
        const output = await capture([
          ...[
            "-D",
            `${Math.round(seconds * 1000)}ms`,
            "-c",
            String(connections),
            "-m",
            String(load.callersPerConnection),
          ],
          ...["-d", body, "--log-file", log, "-H", "content-type: application/grpc", "-H", "te: trailers"],
          endpoint + path,
        ]);
        checkSummary(output);
        return readLog(await readFile(log));
      }),
    );
    const all = concatenated(took);
    return { calls: all.length, perSecond: all.length / seconds, ...latencies(all) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** `whole` in `parts` almost equal parts. */
export function spread(whole: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, i) => Math.floor(whole / parts) + (i < whole % parts ? 1 : 0));
}

/**
 * h2load does not know gRPC: an error is a status 200 to it. But an error comes without a message, hence without data.
 * An answer of etcd's contract has a header, which is longer than this.
 */
const ANSWER_BYTES_LEAST = 10;

/** Errors: `Error` where calls failed, or where not every answer can have held a message. */
export function checkSummary(output: string): void {
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const [succeeded, failed] = [number(/(\d+) succeeded/), number(/(\d+) failed/)];
  const dataBytes = number(/\((\d+)\) data/);
  if (Number.isNaN(succeeded) || failed !== 0) throw new Error(`h2load failed:\n${output}`);
  if (!(dataBytes >= succeeded * ANSWER_BYTES_LEAST)) {
    throw new Error(`${succeeded} answers with ${dataBytes} bytes of data: some were errors\n${output}`);
  }
}

/** Milliseconds of each call. Rows: start in microseconds since 1970, status, microseconds until the end. */
export function readLog(log: Buffer): Float64Array {
  const text = log.toString("latin1");
  const rows = text.split("\n").filter((row) => row !== "");
  return Float64Array.from(rows, (row) => {
    const [, status, micros] = row.split("\t");
    if (status !== "200") throw new Error(`h2load tells of a call with status ${status}`);
    return Number(micros) / 1000;
  });
}

function concatenated(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function capture(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("h2load", args, { maxBuffer: 1 << 24 }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
}
