/** The tour: its steps, one after the other, and the summary. A failed step ends it. */
import { createClient } from "@kvorum/client";
import { soleNode } from "../shared/node-process.js";
import { duration, type Screen } from "../shared/screen.js";
import { Stage, type Step } from "./stage.js";
import { checkedConfig } from "./steps/checked-config.js";
import { compareAndSet } from "./steps/compare-and-set.js";
import { election } from "./steps/election.js";
import { expiringLease } from "./steps/expiring-lease.js";
import { fencedLock } from "./steps/fenced-lock.js";
import { killAndRestart } from "./steps/kill-and-restart.js";
import { liveWatch } from "./steps/live-watch.js";
import { stmTransfer } from "./steps/stm-transfer.js";

const STEPS: readonly Step[] = [
  compareAndSet,
  liveWatch,
  checkedConfig,
  expiringLease,
  fencedLock,
  election,
  stmTransfer,
  killAndRestart,
];

interface Played {
  readonly title: string;
  readonly ms: number;
  readonly result: string;
  readonly ok: boolean;
}

/** Resolves with the exit code: 0, or 1 when a step failed. */
export async function playTour(screen: Screen): Promise<number> {
  const startMs = performance.now();
  await using node = await soleNode("tour");
  await screen.awaiting("starting a node", () => node.start());
  const ready = duration(performance.now() - startMs);
  screen.title("Kvorum", `a node at ${node.endpoint}, process ${node.pid}, ready in ${ready}`);
  await using client = createClient({ endpoints: node.endpoint });
  const stage = new Stage(client, node, screen);

  const played: Played[] = [];
  for (const [i, step] of STEPS.entries()) {
    screen.step(i + 1, step.title);
    const last = await playStep(step, stage);
    played.push(last);
    if (!last.ok) break;
  }
  summarise(screen, played, performance.now() - startMs);
  return played.every(({ ok }) => ok) ? 0 : 1;
}

async function playStep({ title, play }: Step, stage: Stage): Promise<Played> {
  const startMs = performance.now();
  try {
    const result = await play(stage);
    return { title, result, ok: true, ms: performance.now() - startMs };
  } catch (error) {
    const result = error instanceof Error ? error.message : String(error);
    return { title, result, ok: false, ms: performance.now() - startMs };
  }
}

function summarise(screen: Screen, played: readonly Played[], ms: number): void {
  screen.line(`\n${screen.paint("bold", "Summary")}`);
  const width = Math.max(...STEPS.map(({ title }) => title.length));
  for (const { title, result, ok, ms: stepMs } of played) {
    const mark = ok ? screen.paint("green", " ✓") : screen.paint("red", " ✗");
    screen.line(`${mark}  ${title.padEnd(width)}  ${duration(stepMs).padStart(8)}  ${result.split("\n", 1)[0]}`);
  }
  const failed = played.findIndex(({ ok }) => !ok);
  const verdict =
    failed === -1
      ? screen.paint("green", `${played.length} steps of ${STEPS.length} in ${duration(ms)}`)
      : screen.paint("red", `step ${failed + 1} failed: ${played[failed]?.title}`);
  screen.line(`\n${verdict}`);
}
