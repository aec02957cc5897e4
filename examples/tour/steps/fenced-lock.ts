/** Two workers, one lock: handed over in order, and the earlier holder cannot write any more. */
import { createClient, op } from "@kvorum/client";
import { createSession, type Lock, Mutex } from "@kvorum/concurrency";
import { expect, type Stage, type Step } from "../stage.js";

export const fencedLock: Step = {
  title: "A fenced lock, handed over",
  async play(stage) {
    // Two workers would be two processes; two clients stand for them here.
    await using second = createClient({ endpoints: stage.node.endpoint });
    await using sessionA = await createSession(stage.client, { ttl: 5 });
    await using sessionB = await createSession(second, { ttl: 5 });

    const lockA = await stage.ask("worker A: lock()", () => new Mutex(sessionA, "jobs/nightly").lock(), tokenOf);
    const waiting = new Mutex(sessionB, "jobs/nightly").lock({ timeout: 5_000 });
    // Awaited below; a step that fails before that has its own error to report.
    waiting.catch(() => undefined);
    const written = await write(stage, "A", lockA);
    const lockB = await stage.ask(
      "worker A: unlock(), worker B waits",
      async () => {
        const [lock] = await Promise.all([waiting, lockA.unlock()]);
        return lock;
      },
      (lock) => `worker B has it, token ${lock.fencingToken}`,
    );
    const late = await write(stage, "A", lockA);
    const fresh = await write(stage, "B", lockB);
    await lockB.unlock();
    expect(lockB.fencingToken > lockA.fencingToken, "the token grows with every holder");
    expect(written && !late && fresh, "only the holder of the lock can write");
    return `token ${lockA.fencingToken} → ${lockB.fencingToken}, late write refused`;
  },
};

/** A write on the condition that the lock is held. */
function write(stage: Stage, worker: string, lock: Lock): Promise<boolean> {
  return stage.ask(
    `worker ${worker}: txn if lock.ownership()`,
    async () => {
      const change = op.put("jobs/nightly-report", `by ${worker}`);
      return (await stage.client.txn({ if: [lock.ownership()], then: [change] })).succeeded;
    },
    (succeeded) => (succeeded ? "written" : `refused: token ${lock.fencingToken} is stale`),
  );
}

function tokenOf(lock: Lock): string {
  return `held, token ${lock.fencingToken}`;
}
