/** Commands that ask one member after the other: which they are, and what to say of one that does not answer. */
import type { Client } from "@kvorum/client";
import type { Context } from "./command.js";
import { messageOf } from "./errors.js";
import { EXIT } from "./failure.js";
import { type Flag, onOff } from "./flags.js";

/** `--cluster`, for the commands that have it. */
export const CLUSTER_FLAG: Flag<boolean> = onOff("use all endpoints from the cluster member list");

/** `--endpoints`, or what the members advertise. */
export async function chosenEndpoints(context: Context, cluster: boolean): Promise<readonly string[]> {
  if (!cluster) return context.settings.endpoints;
  const { members } = await (await context.client()).rpc.cluster.memberList({ linearizable: true }, context.call());
  return members.flatMap(({ clientURLs }) => clientURLs);
}

export interface Asked<T> {
  readonly endpoint: string;
  readonly answer: T;
}

/**
 * Asks each endpoint with a client of its own, one after the other. Who fails is told of on standard error as it happens, in the words
 * of `complain`; `failure` is the last of them.
 */
export async function askEach<T>(
  context: Context,
  endpoints: readonly string[],
  ask: (client: Client, endpoint: string) => Promise<T>,
  complain: (endpoint: string, reason: string) => string,
): Promise<{ readonly answers: readonly Asked<T>[]; readonly failure: unknown }> {
  const answers: Asked<T>[] = [];
  let failure: unknown;
  for (const endpoint of endpoints) {
    try {
      answers.push({ endpoint, answer: await ask(await context.clientFor([endpoint]), endpoint) });
    } catch (error) {
      context.signal.throwIfAborted();
      failure = error;
      context.terminal.error(`${complain(endpoint, messageOf(error))}\n`);
    }
  }
  return { answers, failure };
}

/** The exit code of a command that has told of its failures already. */
export function exitCodeOf(failure: unknown): number {
  return failure === undefined ? EXIT.ok : EXIT.error;
}
