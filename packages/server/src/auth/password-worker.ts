/**
 * The thread that hashes passwords. bcrypt is slow by design: on the main thread it would stop every other request, and in
 * Node's thread pool it would stand before file and name look-ups.
 */
import { parentPort } from "node:worker_threads";
import { hashSync, verifySync } from "@node-rs/bcrypt";
import type { PasswordOutcome, PasswordTask } from "./password-protocol.js";

/** The version that etcd writes and every etcd reads. */
const VERSION = "2a";

parentPort?.on("message", (task: PasswordTask) => {
  parentPort?.postMessage(outcomeOf(task));
});

function outcomeOf(task: PasswordTask): PasswordOutcome {
  try {
    const value =
      task.kind === "hash"
        ? hashSync(task.password, { cost: task.cost, version: VERSION })
        : verifySync(task.password, task.hash);
    return { ok: true, value };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.name : "unknown error" };
  }
}
