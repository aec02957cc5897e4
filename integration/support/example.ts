/** A built example as its user starts it. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type RunningProcess, startProcess } from "./process.js";

/** Starts `examples/dist/<name>/main.js`; tests run after a build. */
export function startExample(
  name: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningProcess> {
  const main = fileURLToPath(new URL(`../../examples/dist/${name}/main.js`, import.meta.url));
  if (!existsSync(main)) throw new Error(`${main} is missing: build first`);
  return startProcess(process.execPath, [main, ...args], { ETCD_ENDPOINTS: "", ...env });
}

/** Runs an example to its end. */
export async function runExample(
  name: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | string; readonly output: string }> {
  const running = await startExample(name, args, env);
  const code = await new Promise<number | string>((resolve) => {
    running.child.once("close", (exit, signal) => resolve(exit ?? signal ?? "unknown"));
  });
  return { code, output: running.output() };
}

/** Resolves with what the pattern's group matched in the output; rejects when the process ends or the time is over. */
export async function untilPrinted(running: RunningProcess, pattern: RegExp, timeoutMs = 10_000): Promise<string> {
  const end = performance.now() + timeoutMs;
  while (performance.now() < end) {
    const found = pattern.exec(running.output());
    if (found !== null) return found[1] ?? found[0];
    if (running.child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${pattern} was not printed:\n${running.output()}`);
}

/** Polls until the check gives something other than undefined or false. */
export async function eventually<T>(check: () => Promise<T | undefined | false>, timeoutMs = 10_000): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`it did not happen within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
