/**
 * The story, told twice: several workers append to one document under a lock, and the first one is frozen inside its
 * critical section until its lease is over. What differs is only how the write is made.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@kvorum/client";
import { Worker } from "../shared/worker.js";
import { type Lines, SharedDocument } from "./document.js";
import type { LockMessage, Mode } from "./messages.js";

export interface Outcome {
  readonly expected: Lines;
  readonly found: Lines;
  /** Lines that a worker was told are written, and that are gone. */
  readonly lost: Lines;
  /** Writes that the store has refused. */
  readonly refused: number;
}

export interface StoryOptions {
  readonly client: Client;
  readonly endpoints: readonly string[];
  readonly workers: number;
  readonly say: (line: string) => void;
}

type Is<K extends LockMessage["kind"]> = Extract<LockMessage, { readonly kind: K }>;

const STEP_MS = 20_000;
const WORKER = new URL("./worker-main.js", import.meta.url);

export async function tellStory(mode: Mode, { client, endpoints, workers, say }: StoryOptions): Promise<Outcome> {
  const name = `examples/distributed-lock/${mode}-${Date.now()}`;
  const start = performance.now();
  const note = (who: string, what: string): void => {
    say(`  ${((performance.now() - start) / 1000).toFixed(1).padStart(5)} s  ${who.padEnd(8)}  ${what}`);
  };
  let refused = 0;
  const startWorker = (index: number): Worker<LockMessage> => {
    const me = `worker ${index}`;
    const worker = new Worker<LockMessage>(WORKER, [endpoints.join(","), name, mode, me]);
    worker.onMessage((message) => {
      if (message.kind === "refused") refused += 1;
      note(me, describe(message));
    });
    return worker;
  };

  await using stale = startWorker(1);
  await stale.next(is("read"), STEP_MS);
  stale.signal("SIGSTOP");
  note("", `worker 1 is paused (SIGSTOP, pid ${stale.pid}) between reading and writing`);

  // One after the other, so that the story reads well; the lock would sort them out as well.
  const expected: string[] = [];
  for (let index = 2; index <= workers; index += 1) {
    await using worker = startWorker(index);
    expected.push((await worker.next(is("written"), STEP_MS)).line);
    // It gives the lock back before it ends.
    await worker.ended;
  }

  const last = stale.next(is("written"), STEP_MS);
  stale.signal("SIGCONT");
  note("", "worker 1 is resumed (SIGCONT); it does not know that its lease is over");
  expected.push((await last).line);
  // The answer to its last message is on the way.
  await sleep(50);

  const found = await new SharedDocument(client, `${name}/document`).read();
  return { expected, found, lost: expected.filter((line) => !found.includes(line)), refused };
}

function is<K extends LockMessage["kind"]>(kind: K): (message: LockMessage) => message is Is<K> {
  return (message): message is Is<K> => message.kind === kind;
}

function describe(message: LockMessage): string {
  if (message.kind === "read") return `holds the lock, token ${message.token}; has read ${message.lines} lines`;
  if (message.kind === "written") return `wrote its line with token ${message.token}`;
  return `was refused: token ${message.token} is no longer the owner's; it starts again`;
}
