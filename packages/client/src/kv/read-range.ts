/** One range read, as fresh as its options ask for. Shared by every verb that reads. */
import { KV, type RangeResponse } from "@kvorum/proto";
import type { Caller } from "../net/caller.js";
import { type ReadOptions, toBigInt } from "../options.js";
import type { RangeInit } from "./requests.js";

/** Errors: as of every call. */
export async function readRange(
  caller: Caller,
  request: RangeInit,
  options: ReadOptions | undefined,
): Promise<RangeResponse> {
  const answer = await caller.unary(KV.method.range, request, "read", options);
  const consistency = options?.consistency;
  if (typeof consistency !== "object") return answer;
  const atLeast = toBigInt(consistency.atLeast, "consistency.atLeast");
  if ((answer.header?.revision ?? 0n) >= atLeast) return answer;
  // This member is behind what the caller has seen: the cluster is asked instead.
  return caller.unary(KV.method.range, { ...request, serializable: false }, "read", options);
}
