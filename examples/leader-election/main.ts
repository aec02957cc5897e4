/** A fleet with one leader at a time: leaders are killed, the job goes on, and terms never overlap. */
import { run, wholeNumber } from "../shared/program.js";
import { Fleet } from "./fleet.js";

const about = "Runs a fleet whose one leader does the scheduled job, kills leaders, and prints the timeline of terms.";
const flags = {
  workers: { help: "processes in the fleet", default: "5" },
  kills: { help: "leaders to kill with SIGKILL", default: "3" },
};
const LEADER_MS = 30_000;

await run({ name: "leader-election", about, flags }, async ({ endpoints, flags, stop }) => {
  const workers = wholeNumber("workers", flags.workers, 2, 20);
  // One is dismissed at the end and one leads after it.
  const kills = wholeNumber("kills", flags.kills, 0, workers - 2);
  // The workers are killed when this process exits.
  stop.addEventListener("abort", () => process.exit(130));

  await using fleet = await Fleet.start(endpoints, `examples/leader-election/${Date.now()}`, workers);
  console.log(`${workers} workers campaign\n`);
  for (let killed = 0; killed < kills; killed += 1) {
    const leader = await fleet.leader(LEADER_MS);
    console.log(`${leader.worker} leads with token ${leader.token}; kill -9 ${leader.pid}`);
    await fleet.kill(leader);
  }
  const last = await fleet.leader(LEADER_MS);
  console.log(`${last.worker} leads with token ${last.token}; it is asked to end and resigns`);
  await fleet.dismiss(last);
  const final = await fleet.leader(LEADER_MS);
  console.log(`${final.worker} leads with token ${final.token}\n`);
  await fleet.dismiss(final);

  for (const line of fleet.timeline.render(40)) console.log(line);
  const contradictions = fleet.timeline.contradictions();
  console.log(contradictions.length === 0 ? "\nTerms never overlap." : `\n${contradictions.join("\n")}`);
  return contradictions.length === 0 ? 0 : 1;
});
