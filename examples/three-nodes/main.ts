/** Three nodes on this machine: kill one and watch the others go on. */
import { parseArgs } from "node:util";
import { duration, Screen } from "../shared/screen.js";
import { ThreeNodes } from "./cluster.js";
import { playLive } from "./live.js";
import { playScript } from "./script.js";

const HELP = `Starts a cluster of three nodes on this machine, writes and reads all the time, and lets you kill them.

Usage: npm run example three-nodes -- [flags]

  --script   play the story by itself: kill the leader, start it again, check everything (the default without a terminal)
  --help     print this help`;

const options = { script: { type: "boolean" }, help: { type: "boolean" } } as const;

process.exitCode = await main();

async function main(): Promise<number> {
  let flags: { readonly script?: boolean; readonly help?: boolean };
  try {
    flags = parseArgs({ options }).values;
  } catch (error) {
    console.error(`three-nodes: ${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  if (flags.help) {
    console.log(HELP);
    return 0;
  }
  // The nodes and their data go with this process.
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => process.exit(name === "SIGINT" ? 130 : 143));
  }
  const screen = new Screen(process.stdout, process.env);
  try {
    await using cluster = await ThreeNodes.prepare();
    const startMs = await screen.awaiting("starting three nodes", () => cluster.start());
    screen.title("Kvorum", `three nodes at ${cluster.endpoints.join(", ")}, ready in ${duration(startMs)}`);
    screen.line();
    const isLive = !flags.script && process.stdin.isTTY && process.stdout.isTTY;
    return isLive ? await playLive(cluster, screen, process.stdin, process.stdout) : await playScript(cluster, screen);
  } catch (error) {
    console.error(`three-nodes: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
