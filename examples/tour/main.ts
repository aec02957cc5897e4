/** `npm start`: the tour through everything the SDK does, against a real node. */
import { parseArgs } from "node:util";
import { Screen } from "../shared/screen.js";
import { serveNode } from "./serve.js";
import { playTour } from "./tour.js";

const HELP = `Starts a real node in a temporary directory and plays a tour through the SDK.

Usage: npm start -- [flags]

  --serve    start the node only, print how to connect, run until Ctrl-C
  --help     print this help`;

const options = { serve: { type: "boolean" }, help: { type: "boolean" } } as const;

process.exitCode = await main();

async function main(): Promise<number> {
  let flags: { readonly serve?: boolean; readonly help?: boolean };
  try {
    flags = parseArgs({ options }).values;
  } catch (error) {
    console.error(`tour: ${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  if (flags.help) {
    console.log(HELP);
    return 0;
  }
  const screen = new Screen(process.stdout, process.env);
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // The tour has nothing to finish: the node, the workers and the directory go with this process.
    process.once(name, () => (flags.serve ? stop.abort() : process.exit(name === "SIGINT" ? 130 : 143)));
  }
  try {
    if (!flags.serve) return await playTour(screen);
    await serveNode(screen, stop.signal);
    return 0;
  } catch (error) {
    console.error(`tour: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
