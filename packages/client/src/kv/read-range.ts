/** One range read, as fresh as its options ask for. Shared by every verb that reads. */
import { KV, type RangeResponse } from "@kvorum/proto";
import type { Caller } from "../net/caller.js";
import { type BigIntLike, type ReadOptions, toBigInt } from "../options.js";
import type { RangeInit } from "./requests.js";

/** Errors: as of every call. */
export function readRange(
  caller: Caller,
  request: RangeInit,
  options: ReadOptions | undefined,
): Promise<RangeResponse> {
  const consistency = options?.consistency;
  if (typeof consistency === "object") return readAtLeast(caller, request, options, consistency.atLeast);
  return caller.unary(KV.method.range, request, "read", options);
}

async function readAtLeast(
  caller: Caller,
  request: RangeInit,
  options: ReadOptions | undefined,
  revision: BigIntLike,
): Promise<RangeResponse> {
  const answer = await caller.unary(KV.method.range, request, "read", options);
  const atLeast = toBigInt(revision, "consistency.atLeast");
  if ((answer.header?.revision ?? 0n) >= atLeast) return answer;
  // This member is behind what the caller has seen: the cluster is asked instead.
  return caller.unary(KV.method.range, { ...request, serializable: false }, "read", options);
}
