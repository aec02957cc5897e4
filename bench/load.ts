/**
 * Load: many callers that each send one recorded gRPC request again and again. `h2load` (Debian's `nghttp2-client`)
 * costs little beside the server; where it is missing our own channel stands in, and is then part of what is measured.
 */
import { execFile, execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { methodPath, niceChannel, type UnaryMethod } from "@kvorum/transport";

export interface Work<I extends DescMessage, O extends DescMessage> {
  readonly method: UnaryMethod<I, O>;
  readonly request: MessageInitShape<I>;
  readonly connections: number;
  /** Calls under way at once on each connection. */
  readonly callersPerConnection: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly calls: number;
  readonly callsPerSecond: number;
}

export interface Generator {
  readonly name: string;
  run<I extends DescMessage, O extends DescMessage>(endpoint: string, work: Work<I, O>): Promise<LoadResult>;
}

export function chooseGenerator(): Generator {
  try {
    const version = execFileSync("h2load", ["--version"], { encoding: "utf8" }).trim();
    return { name: version, run: runH2load };
  } catch {
    return {
      name: "own channel (h2load is not installed: the generator costs more than the server)",
      run: runChannels,
    };
  }
}

async function runH2load<I extends DescMessage, O extends DescMessage>(
  endpoint: string,
  work: Work<I, O>,
): Promise<LoadResult> {
  const message = toBinary(work.method.input, create(work.method.input, work.request));
  const frame = new Uint8Array(5 + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, 5);
  const body = join(tmpdir(), `kvorum-bench-body-${process.pid}`);
  await writeFile(body, frame);
  const output = await capture("h2load", [
    ...[
      "-D",
      String(work.seconds),
      "-c",
      String(work.connections),
      "-m",
      String(work.callersPerConnection),
      "-d",
      body,
    ],
    ...["-H", "content-type: application/grpc", "-H", "te: trailers"],
    endpoint + methodPath(work.method),
  ]);
  const calls = Number(/(\d+) succeeded/.exec(output)?.[1]);
  const failed = Number(/(\d+) failed/.exec(output)?.[1]);
  if (!(calls > 0) || failed > 0) throw new Error(`h2load failed:\n${output}`);
  return { calls, callsPerSecond: calls / work.seconds };
}

function capture(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
  });
}

async function runChannels<I extends DescMessage, O extends DescMessage>(
  endpoint: string,
  work: Work<I, O>,
): Promise<LoadResult> {
  const channels = Array.from({ length: work.connections }, () => niceChannel(endpoint));
  const start = performance.now();
  const end = start + work.seconds * 1000;
  let calls = 0;
  const caller = async (channel: (typeof channels)[number]): Promise<void> => {
    while (performance.now() < end) {
      await channel.unary(work.method, work.request);
      calls++;
    }
  };
  await Promise.all(
    channels.flatMap((channel) => Array.from({ length: work.callersPerConnection }, () => caller(channel))),
  );
  const seconds = (performance.now() - start) / 1000;
  await Promise.all(channels.map((channel) => channel.close()));
  return { calls, callsPerSecond: calls / seconds };
}
