/** The `kvorum` command as its user starts it: the built program in a process of its own. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TestServer } from "./etcd.js";
import { freePort, type RunningProcess, startProcess, temporaryDirectory, untilReady } from "./process.js";

/** The command's built entry; tests run after a build. */
export const KVORUM: string = fileURLToPath(new URL("../../packages/server/dist/main.js", import.meta.url));

export interface KvorumOptions {
  /** Reuse this directory, which then is not removed. Default: a temporary one. */
  readonly dataDir?: string;
  readonly port?: number;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export async function startKvorum(
  options: KvorumOptions = {},
): Promise<TestServer & { readonly port: number; readonly process: RunningProcess }> {
  if (!existsSync(KVORUM)) throw new Error(`${KVORUM} is missing: build first`);
  const directory = options.dataDir === undefined ? await temporaryDirectory("node") : undefined;
  const port = options.port ?? (await freePort());
  const endpoint = `http://127.0.0.1:${port}`;
  const running = await startProcess(
    process.execPath,
    [
      ...[KVORUM, "--name", "n1", "--data-dir", options.dataDir ?? directory?.path ?? ""],
      ...["--listen-client-urls", endpoint, "--advertise-client-urls", endpoint],
      // Nobody comes there; the default port would let only one of them run on the machine. A later flag wins.
      ...["--listen-peer-urls", "http://127.0.0.1:0"],
      ...(options.flags ?? []),
    ],
    options.env,
  );
  await untilReady(running, 15_000, async () => (await fetch(`${endpoint}/health`)).ok);
  return {
    endpoint,
    port,
    process: running,
    stop: async () => {
      await running.stop("SIGKILL");
      await directory?.remove();
    },
  };
}
