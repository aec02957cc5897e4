/** Runs a program for `watch … -- program` and `lock … program`, with our output streams and without an input. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { SignalReason } from "./errors.js";

export interface Run {
  /** 128 + n after signal n. */
  readonly code: number;
  /** In Go's words: `exit status 1`, `signal: killed`. */
  readonly status: string;
}

/**
 * Resolves when the program has ended. When `signal` aborts the program is told to end, and waited for.
 *
 * Errors: that it could not be started, in Go's words.
 */
export function runChild(
  [program = "", ...args]: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...environment }, stdio: ["ignore", "inherit", "inherit"] });
    const end = (): void => {
      const { reason } = signal;
      // Ctrl-C at a terminal reaches the child by itself; a second one would cut its clean end short.
      if (reason instanceof SignalReason && reason.signal === "SIGINT" && process.stdin.isTTY) return;
      child.kill(reason instanceof SignalReason ? reason.signal : "SIGTERM");
    };
    child.once("error", (error: NodeJS.ErrnoException) => {
      signal.removeEventListener("abort", end);
      reject(new Error(startError(program, error), { cause: error }));
    });
    child.once("exit", (code, name) => {
      signal.removeEventListener("abort", end);
      resolve(
        name === null
          ? { code: code ?? 0, status: `exit status ${code}` }
          : { code: 128 + constants.signals[name], status: `signal: ${name}` },
      );
    });
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}

function startError(program: string, error: NodeJS.ErrnoException): string {
  const missing = error.code === "ENOENT";
  if (!program.includes("/")) {
    return missing ? `exec: "${program}": executable file not found in $PATH` : error.message;
  }
  if (missing) return `fork/exec ${program}: no such file or directory`;
  return error.code === "EACCES" ? `fork/exec ${program}: permission denied` : error.message;
}
