/** `etcdctl check perf` against a Kvorum process: a minute of load by another client, which has to run to its end. */
import { etcdctl, etcdctlMissing } from "../support/etcdctl.js";
import { startKvorum } from "../support/kvorum.js";

/** Lines that it prints at the end; a failed request would be an error line. */
const VERDICT = /Throughput|Slowest|Stddev/;
const VERDICT_LINES = 3;

export async function checkPerf(): Promise<{ passed: number; failed: number; skipped: number }> {
  const missing = etcdctlMissing();
  if (missing !== undefined) {
    console.warn(`etcdctl check perf is skipped: ${missing}`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const kvorum = await startKvorum();
  try {
    const { stdout, stderr } = await etcdctl(kvorum.endpoint, ["check", "perf", "--load=s"]);
    const lines = stdout.split("\r").at(-1)?.split("\n") ?? [];
    const verdict = lines.filter((line) => VERDICT.test(line));
    // Whether it was fast enough depends on the machine's mood: shown, not judged.
    console.log(`etcdctl check perf --load=s: ${verdict.join("; ")}`);
    const complete = verdict.length === VERDICT_LINES && !/error/i.test(stdout);
    if (!complete) console.error(`it did not come to its end:\n${stdout}\n${stderr}`);
    return { passed: complete ? 1 : 0, failed: complete ? 0 : 1, skipped: 0 };
  } finally {
    await kvorum.stop();
  }
}
