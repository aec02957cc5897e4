/**
 * Claims that nobody could tell of: the process died between the claim and the note of it. The counts of attempts say that they
 * were made; their tokens are not known, so each gets one that no claim has.
 */
import type { WorkClaim, WorkEnd, WorkEvent } from "../models/work-queue.js";

/** After every moment of a process. */
export const LAST_MS: number = Number.MAX_SAFE_INTEGER;

/** With a claim for each attempt that was counted and that no process has told of, at a moment of its own. */
export function withUnsaidClaims(events: readonly WorkEvent[]): {
  readonly filled: readonly WorkEvent[];
  readonly unsaid: number;
} {
  const byJob = new Map<string, WorkEvent[]>();
  for (const event of events) byJob.set(event.job, [...(byJob.get(event.job) ?? []), event]);
  const added: WorkClaim[] = [];
  const used = new Set(events.flatMap((event) => ("token" in event ? [event.token] : [])));
  for (const [job, mine] of byJob) {
    const claims = mine.filter((event): event is WorkClaim => event.kind === "claimed");
    const end = mine.find((event): event is WorkEnd => event.kind === "acknowledged" && event.atMs === LAST_MS);
    // The claim of an acknowledgement that nobody told of may itself be untold of: its token says which it was.
    if (end !== undefined && !claims.some(({ token }) => token === end.token)) {
      const attempt = Math.max(0, ...claims.map((one) => one.attempt)) + 1;
      const claim = { kind: "claimed", atMs: LAST_MS - 1, worker: end.worker, job, token: end.token, attempt } as const;
      claims.push(claim);
      added.push(claim);
    }
    const dead = mine.find((event) => event.kind === "dead");
    const most = Math.max(dead?.kind === "dead" ? dead.attempts : 0, ...claims.map(({ attempt }) => attempt));
    for (let attempt = most; attempt >= 1; attempt--) {
      if (claims.some((one) => one.attempt === attempt)) continue;
      const after = claims.find((one) => one.attempt === attempt + 1);
      const highest = highestOf(claims);
      // What it was is not known: one that no claim that was told of has.
      let token = after === undefined ? highest + 1n : after.token - 1n;
      while (used.has(token)) token += after === undefined ? 1n : -1n;
      used.add(token);
      const claim = {
        kind: "claimed",
        atMs: after?.atMs ?? LAST_MS - 1,
        worker: "untold",
        job,
        token,
        attempt,
      } as const;
      claims.push(claim);
      added.push(claim);
    }
  }
  return { filled: [...events, ...added], unsaid: added.length };
}

function highestOf(claims: readonly WorkClaim[]): bigint {
  let highest = 0n;
  for (const { token } of claims) if (token > highest) highest = token;
  return highest;
}
