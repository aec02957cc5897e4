/** An answer of more than 4 MiB, which is what a gRPC library takes unless it is told otherwise. */
import { prefix } from "@kvorum/client";
import { errorName, outcomeOf, type Place, withEtcd3, withKvorum } from "./place.js";

/** Each as large as the server's limit of a request allows. */
export const PAIRS = 4;
const VALUE_BYTES = 1_200_000;

export interface LargeAnswer {
  /** Pairs in the answer; undefined where the call failed. */
  readonly pairs: number | undefined;
  readonly error: string | undefined;
}

export async function storeLarge({ direct, space }: Place): Promise<void> {
  for (let i = 0; i < PAIRS; i++) await direct.put(`${space}${i}`, "x".repeat(VALUE_BYTES));
}

export async function largeAnswerToEtcd3(place: Place): Promise<LargeAnswer> {
  const read = await outcomeOf(
    withEtcd3(place.endpoint, async (client) => (await client.getAll().prefix(place.space).exec()).kvs.length),
  );
  return { pairs: "value" in read ? read.value : undefined, error: errorName(read) };
}

export async function largeAnswerToKvorum(place: Place): Promise<LargeAnswer> {
  const read = await outcomeOf(
    withKvorum(place.endpoint, async (client) => (await client.list(prefix(place.space))).kvs.length),
  );
  return { pairs: "value" in read ? read.value : undefined, error: errorName(read) };
}
