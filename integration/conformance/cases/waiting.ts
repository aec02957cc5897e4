/** Calls that are answered later, and waits for what shows from outside. */
import { setTimeout as pause } from "node:timers/promises";
import { Lease } from "@kvorum/proto";
import type { Probe } from "../probe.js";
import type { Transcript } from "../transcript.js";

export interface Settled {
  readonly done: boolean;
  readonly failed: boolean;
  /** Resolves at the end, whatever it is. */
  readonly end: Promise<void>;
  /** Waits for the end and writes it down. */
  record(transcript: Transcript, label: string): Promise<void>;
}

export function settled(call: Promise<object>): Settled {
  let outcome: { readonly answer: object } | { readonly error: unknown } | undefined;
  const end = call.then(
    (answer) => {
      outcome = { answer };
    },
    (error: unknown) => {
      outcome = { error };
    },
  );
  return {
    get done() {
      return outcome !== undefined;
    },
    get failed() {
      return outcome !== undefined && "error" in outcome;
    },
    end,
    async record(transcript, label) {
      await end;
      if (outcome === undefined || "error" in outcome) transcript.error(label, outcome?.error);
      else transcript.answer(label, outcome.answer);
    },
  };
}

/** Writes down what the lease was granted, not what is left of it. */
export async function noteGrantedTtl({ channel, transcript }: Probe, id: bigint): Promise<void> {
  const { grantedTTL, TTL } = await channel.unary(Lease.method.leaseTimeToLive, { ID: id }, { timeoutMs: 10_000 });
  transcript.note(`granted ${grantedTTL} seconds, runs ${TTL > 0n}`);
}

/** Looks every few milliseconds; gives up after ten seconds. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    if (await condition()) return;
    await pause(10);
  }
  throw new Error("what was waited for never came");
}
