/**
 * A worker process: takes the lock, reads the document, thinks, writes it back with one line more. Arguments: endpoints,
 * name of the lock and document, mode, own name.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@kvorum/client";
import { createSession, LockLostError, Mutex, SessionExpiredError } from "@kvorum/concurrency";
import { tell } from "../shared/worker.js";
import { SharedDocument } from "./document.js";
import { type LockMessage, THINK_MS, TTL_SECONDS } from "./messages.js";

const [endpoints = "", name = "", mode = "", me = ""] = process.argv.slice(2);

await using client = createClient({ endpoints });
const document = new SharedDocument(client, `${name}/document`);
let done = false;
// A worker whose lock was lost finds its session expired as well, so each attempt opens one of its own.
while (!done) done = await append(`${me} was here`);
process.disconnect?.();

/** True when the line stands in the document; false when the lock was lost on the way and nothing was written. */
async function append(line: string): Promise<boolean> {
  await using session = await createSession(client, { ttl: TTL_SECONDS });
  const lock = await new Mutex(session, `${name}/lock`).lock();
  const token = String(lock.fencingToken);
  try {
    const lines = await document.read();
    tell<LockMessage>({ kind: "read", token, lines: lines.length });
    await sleep(THINK_MS);
    const next = [...lines, line];
    const written = mode === "fenced" ? await document.writeFenced(lock, next) : await document.writeUnfenced(next);
    tell<LockMessage>(written ? { kind: "written", token, line } : { kind: "refused", token });
    return written;
  } finally {
    await lock.unlock().catch(ignoreLoss);
  }
}

function ignoreLoss(error: unknown): void {
  if (!(error instanceof LockLostError || error instanceof SessionExpiredError)) throw error;
}
