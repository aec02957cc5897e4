/**
 * What the servers' own history says about owners: a place is the owner's from the revision at which the last one before it went until
 * it goes itself. Exact, because it compares revisions only; the claims of processes are judged by time (`claims.ts`).
 *
 * - A guarded write stands at a revision at which its writer was the owner, and no write stands at one before that.
 * - Guarded writes lose nothing: each has read what the one before it has written.
 * - Who was never the owner neither writes nor claims to be it.
 * - What a writer was told of its write is so.
 */
import type { Claim, Write } from "./events.js";
import type { Contender, StoredWrite } from "./witness.js";

export interface ServerVerdict {
  readonly problems: readonly string[];
  readonly figures: {
    readonly guarded: number;
    /** Refused by their condition. */
    readonly refused: number;
    readonly unguarded: number;
    /** Unguarded writes that were acknowledged or seen, and overwritten by someone who had not read them. */
    readonly lost: number;
  };
}

interface Reign {
  /** Revisions, both exclusive: of the deletion before it, and of its own. */
  readonly after: bigint;
  readonly before: bigint;
}

const FOR_EVER = 2n ** 63n;

export function judgeServer(
  places: readonly Contender[],
  stored: readonly StoredWrite[],
  told: readonly Write[],
  claims: readonly Claim[],
): ServerVerdict {
  const reigns = reignsOf(places);
  const problems = judgeClaims(reigns, claims);
  let lost = 0;
  const last = new Map<string, string>();
  for (const write of [...stored].sort((a, b) => Number(a.revision - b.revision))) {
    const { guard, id, name, revision, token, was } = write;
    const record = `${name}/${guard}`;
    const what = `the ${guard} write ${id} of ${name} at revision ${revision} with token ${token}`;
    const reign = reigns.get(BigInt(token));
    if (reign === undefined || reign.before <= reign.after) problems.push(`${what}: its writer was never the owner`);
    else if (revision <= reign.after) problems.push(`${what}: its writer was not the owner yet`);
    else if (guard === "guarded" && revision >= reign.before)
      problems.push(`${what}: its writer was not the owner any more`);
    const before = last.get(record) ?? "";
    if (was !== before && guard === "guarded") problems.push(`${what} replaces ${before} and has read ${was}`);
    if (was !== before && guard === "unguarded") lost += 1;
    last.set(record, id);
  }
  problems.push(...judgeAnswers(stored, told));
  const count = (guard: string): number => stored.filter((write) => write.guard === guard).length;
  const refused = told.filter(({ guarded, status }) => guarded && status === "refused").length;
  return { problems, figures: { guarded: count("guarded"), unguarded: count("unguarded"), refused, lost } };
}

function reignsOf(places: readonly Contender[]): Map<bigint, Reign> {
  const reigns = new Map<bigint, Reign>();
  const free = new Map<string, bigint>();
  for (const { name, token, goneAt = FOR_EVER } of [...places].sort((a, b) => Number(a.token - b.token))) {
    const after = free.get(name) ?? 0n;
    reigns.set(token, { after: after > token ? after : token, before: goneAt });
    free.set(name, goneAt > after ? goneAt : after);
  }
  return reigns;
}

function judgeClaims(reigns: ReadonlyMap<bigint, Reign>, claims: readonly Claim[]): string[] {
  const names = new Map(
    claims.map(({ name, token, worker }) => [token, `${worker} claims ${name} with token ${token}`]),
  );
  return [...names].flatMap(([token, what]) => {
    const reign = reigns.get(token);
    return reign === undefined || reign.before <= reign.after ? [`${what}, which was never the owner's`] : [];
  });
}

function judgeAnswers(stored: readonly StoredWrite[], told: readonly Write[]): string[] {
  const revisions = new Map(stored.map(({ id, guard, revision }) => [`${id} ${guard}`, revision]));
  return told.flatMap(({ id, guarded, revision, status }) => {
    const found = revisions.get(`${id} ${guarded ? "guarded" : "unguarded"}`);
    if (status === "refused" && found !== undefined) return [`${id} was refused and stands at revision ${found}`];
    if (status === "accepted" && found !== revision)
      return [`${id} was told to stand at ${revision}, found at ${found}`];
    return [];
  });
}
