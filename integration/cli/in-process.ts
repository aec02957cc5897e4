/** kvorumctl without a process of its own: the same program, with a terminal that keeps what it is given. */
import { Readable } from "node:stream";
import { runProgram, type Terminal } from "@kvorum/cli";
import type { CommandResult } from "../support/etcdctl.js";

export interface Given {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Ends the command, as Ctrl-C does. */
  readonly signal?: AbortSignal;
  /** Told of everything on standard output so far, at each write. */
  readonly onOutput?: (stdout: string) => void;
}

export async function kvorumctl(args: readonly string[], given: Given = {}): Promise<CommandResult> {
  const { input = "", environment = {}, signal = new AbortController().signal, onOutput } = given;
  const [stdout, stderr]: [Uint8Array[], Uint8Array[]] = [[], []];
  const text = (chunks: readonly Uint8Array[]): string => Buffer.concat(chunks).toString();
  const terminal: Terminal = {
    stdin: Readable.from(input === "" ? [] : [Buffer.from(input)], { objectMode: false }),
    isInteractive: false,
    columns: 80,
    out: (chunk) => {
      stdout.push(Buffer.from(chunk));
      onOutput?.(text(stdout));
    },
    error: (chunk) => void stderr.push(Buffer.from(chunk)),
    paint: (plain) => plain,
    progress: () => SILENT,
  };
  const path = process.env["PATH"];
  const code = await runProgram(args, { environment: { PATH: path, ...environment }, terminal, signal });
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const SILENT = {
  advance: (): void => undefined,
  set: (): void => undefined,
  end: (): void => undefined,
} as unknown as ReturnType<Terminal["progress"]>;
