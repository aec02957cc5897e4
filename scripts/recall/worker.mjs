/** One process of the recall: one bundle, with a bug in it or as it is, put to what it is sent, one after the other. */
import { setTimeout as sleep } from "node:timers/promises";

/** A mistake of that kind is one of the patch or of the story, and shows nothing. */
const SLIPS = ["TypeError", "ReferenceError", "SyntaxError"];

const { SCENARIOS, runSeed, runRaftSeed } = await import(process.argv[2]);

/** What nobody waits for: a node that failed may leave such a rejection behind. */
let stray;
process.on("unhandledRejection", (reason) => {
  stray ??= reason;
});

process.on("message", async (task) => {
  stray = undefined;
  try {
    const noticed = await put(task);
    await sleep(0);
    process.send({ noticed, stray: stray === undefined ? undefined : firstLine(stray) });
  } catch (error) {
    process.send({ broken: error instanceof Error ? error.stack : String(error) });
  }
});
process.send({ scenarios: SCENARIOS.map(({ name }) => name) });

/** @returns {Promise<string | undefined>} what is wrong, in one line; undefined when nothing was noticed */
async function put({ means, name, seed }) {
  if (means === "raft seed")
    return runRaftSeed(seed)
      .failure?.split("\n")[0]
      .replace(/^seed \d+: /, "");
  if (means === "seed") {
    const { kind, failure } = await runSeed(seed);
    const line = secondLine(failure);
    if (kind === "broken" && SLIPS.some((slip) => line.startsWith(slip))) throw new Error(failure);
    return line;
  }
  const scenario = SCENARIOS.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  try {
    await scenario.run();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error) || SLIPS.includes(error.name)) throw error;
    return firstLine(error);
  }
}

function firstLine(error) {
  return String(error instanceof Error ? error.message : error).split("\n")[0];
}

/** The first line of a seed's failure names the seed, which the table has already. */
function secondLine(failure) {
  return failure?.split("\n").slice(0, 2).at(-1);
}
