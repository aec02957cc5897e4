/** The built `kvorumctl` in a process of its own, for what only a process shows: signals, pipes, terminals, programs it runs. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The command's built entry; tests run after a build. */
export const KVORUMCTL: string = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));

export interface RunningCommand {
  /** What was printed so far. */
  stdout(): string;
  stderr(): string;
  write(text: string): void;
  signal(name: NodeJS.Signals): void;
  /** The exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Resolves when the output matches. Errors: with all output when the command ends first. */
  until(pattern: RegExp): Promise<void>;
}

/** Starts a program with the arguments; `input` undefined leaves standard input open. */
export function start(
  program: string,
  args: readonly string[],
  {
    input,
    environment = {},
  }: { readonly input?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): RunningCommand {
  const child = spawn(program, args, { env: { ...process.env, ETCDCTL_API: "3", ...environment } });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  child.stdin.on("error", () => undefined);
  if (input !== undefined) child.stdin.end(input);
  const ended = new Promise<number | string>((resolve) => {
    child.once("close", (code, name) => resolve(code ?? name ?? "unknown"));
  });
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    write: (text) => child.stdin.write(text),
    signal: (name) => child.kill(name),
    ended,
    until: async (pattern) => {
      while (!pattern.test(stdout)) {
        if (hasEnded) throw new Error(`ended before ${pattern}:\n${stdout}\n${stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

/** kvorumctl against an endpoint. */
export function startKvorumctl(
  endpoint: string,
  args: readonly string[],
  given: Parameters<typeof start>[2] = {},
): RunningCommand {
  if (!existsSync(KVORUMCTL)) throw new Error(`${KVORUMCTL} is missing: build first`);
  return start(process.execPath, [KVORUMCTL, `--endpoints=${endpoint}`, ...args], given);
}
