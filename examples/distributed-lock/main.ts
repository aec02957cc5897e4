/** Why a lock needs a fencing token: the same accident with and without one. */
import { createClient } from "@kvorum/client";
import { run, wholeNumber } from "../shared/program.js";
import { type Outcome, tellStory } from "./story.js";

const about = "Shows a lost update under a lock that is trusted, and the same write refused by its fencing token.";
const flags = { workers: { help: "processes that append to the document", default: "3" } };

await run({ name: "distributed-lock", about, flags }, async ({ endpoints, flags, stop }) => {
  const workers = wholeNumber("workers", flags.workers, 2, 20);
  // The workers are killed when this process exits.
  stop.addEventListener("abort", () => process.exit(130));
  await using client = createClient({ endpoints });
  const story = { client, endpoints, workers, say: (line: string) => console.log(line) };

  console.log("Unfenced: whoever has taken the lock writes.\n");
  const unfenced = await tellStory("unfenced", story);
  report(unfenced);
  console.log("\nFenced: the write carries the condition that the lock is still held.\n");
  const fenced = await tellStory("fenced", story);
  report(fenced);

  const lostUpdate = unfenced.lost.length > 0;
  const refused = fenced.refused > 0 && fenced.lost.length === 0;
  console.log("\nVerdict");
  console.log(
    `  unfenced  ${lostUpdate ? `${unfenced.lost.length} acknowledged lines are lost` : "no update was lost this time"}`,
  );
  console.log(`  fenced    ${refused ? "the stale write was refused, nothing is lost" : "NOT as expected"}`);
  return lostUpdate && refused ? 0 : 1;
});

function report({ found, lost }: Outcome): void {
  console.log(`\n  document: ${found.map((line) => JSON.stringify(line)).join(", ")}`);
  if (lost.length > 0) console.log(`  lost:     ${lost.map((line) => JSON.stringify(line)).join(", ")}`);
}
