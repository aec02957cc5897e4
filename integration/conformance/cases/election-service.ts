/** The Election service: campaigns, proclamations, resignations, and what observers are told. */
import { Election, KV } from "@kvorum/proto";
import { type Case, cases } from "../case.js";
import type { Probe } from "../probe.js";
import { noteGrantedTtl, settled, until } from "./waiting.js";

const text = (value: string): Uint8Array => Buffer.from(value, "latin1");

async function grantTwo(p: Probe, first: bigint): Promise<readonly [bigint, bigint]> {
  for (const id of [first, first + 1n]) await p.grant(id, 600n);
  return [first, first + 1n];
}

async function revokeTwo(p: Probe, [one, two]: readonly [bigint, bigint]): Promise<void> {
  await p.revoke(one);
  await p.revoke(two);
}

function campaign(p: Probe, lease: bigint, value: string) {
  return p.call("campaign", Election.method.campaign, { name: p.key("e"), lease, value: text(value) });
}

/** The candidate's key, its revision told as an offset like any other. */
async function elected(p: Probe, lease: bigint, value: string) {
  const { leader } = await p.channel.unary(
    Election.method.campaign,
    { name: p.key("e"), lease, value: text(value) },
    { timeoutMs: 10_000 },
  );
  if (leader === undefined) throw new Error("elected without a key");
  return leader;
}

async function standing(p: Probe, lease: bigint, value: string, signal?: AbortSignal) {
  const request = { name: p.key("e"), lease, value: text(value) };
  const options = { timeoutMs: 20_000, ...(signal && { signal }) };
  const answer = settled(p.channel.unary(Election.method.campaign, request, options));
  await until(() => exists(p, lease));
  return answer;
}

async function exists(p: Probe, lease: bigint): Promise<boolean> {
  const { count } = await p.channel.unary(KV.method.range, { key: p.key(`e/${lease.toString(16)}`) });
  return count > 0n;
}

function leader(p: Probe) {
  return p.call("leader", Election.method.leader, { name: p.key("e") });
}

/** An observer; `take` waits for the next answer and writes its pair down. */
function observer(p: Probe) {
  const abort = new AbortController();
  const answers = p.channel.stream(Election.method.observe, one({ name: p.key("e") }), { signal: abort.signal });
  const iterator = answers[Symbol.asyncIterator]();
  return {
    async take(): Promise<void> {
      const { value, done } = await iterator.next();
      if (done === true) p.transcript.note("observe ended");
      else p.transcript.answer("observe", value);
    },
    async close(): Promise<void> {
      abort.abort();
      await iterator.next().catch(() => {});
    },
  };
}

async function* one<T>(value: T): AsyncGenerator<T, void, undefined> {
  yield value;
}

export const electionServiceCases: Case[] = cases("election service", {
  "elects who stands alone": async (p) => {
    const leases = await grantTwo(p, 0x961010n);
    await leader(p);
    const { name, key, rev, lease } = await elected(p, leases[0], "a");
    p.transcript.answer("leader key", { name, key, createRevision: rev, lease });
    await leader(p);
    await p.all();
    await revokeTwo(p, leases);
  },
  "answers the header of the entry": async (p) => {
    const leases = await grantTwo(p, 0x961020n);
    const answer = await p.channel.unary(Election.method.campaign, { name: p.key("e"), lease: leases[0] });
    p.transcript.answer("header", answer.header ?? {});
    await revokeTwo(p, leases);
  },
  "proclaims the new value of one who stands again": async (p) => {
    const leases = await grantTwo(p, 0x961030n);
    const first = await elected(p, leases[0], "a");
    const again = await elected(p, leases[0], "a");
    p.transcript.note(`the same candidacy: ${first.rev === again.rev}`);
    const other = await elected(p, leases[0], "b");
    p.transcript.note(`still the same: ${first.rev === other.rev}`);
    await p.all();
    await revokeTwo(p, leases);
  },
  "without a lease makes one of 60 seconds": async (p) => {
    const { key, lease } = await elected(p, 0n, "a");
    const name = Buffer.from(key).toString("latin1").slice(p.prefix.length);
    p.transcript.note(`key by its lease ${name === `e/${lease.toString(16)}`}`);
    await noteGrantedTtl(p, lease);
    await p.revoke(lease);
  },
  "refuses an unknown lease": async (p) => {
    await campaign(p, 0x96_ffffn, "a");
    await p.all();
  },
  "lets the next one lead when the leader resigns": async (p) => {
    const leases = await grantTwo(p, 0x961040n);
    const first = await elected(p, leases[0], "a");
    const second = await standing(p, leases[1], "b");
    p.transcript.note(`elected beside the leader: ${second.done}`);
    await p.call("resign", Election.method.resign, { leader: first });
    await second.end;
    p.transcript.note(`elected: ${second.done && !second.failed}`);
    await leader(p);
    await revokeTwo(p, leases);
  },
  "takes away the candidacy of who has left": async (p) => {
    const leases = await grantTwo(p, 0x961050n);
    await elected(p, leases[0], "a");
    const abort = new AbortController();
    await standing(p, leases[1], "b", abort.signal);
    abort.abort();
    await until(async () => !(await exists(p, leases[1])));
    p.transcript.note("gone");
    await p.all();
    await revokeTwo(p, leases);
  },
  "proclaims for the leader and refuses who is none any more": async (p) => {
    const leases = await grantTwo(p, 0x961060n);
    const first = await elected(p, leases[0], "a");
    await p.call("proclaim", Election.method.proclaim, { leader: first, value: text("a2") });
    await leader(p);
    await p.call("proclaim", Election.method.proclaim, { leader: { ...first, rev: 1n }, value: text("a3") });
    await p.call("resign", Election.method.resign, { leader: first });
    await p.call("proclaim", Election.method.proclaim, { leader: first, value: text("a4") });
    await p.all();
    await revokeTwo(p, leases);
  },
  "lets one resign who leads no more": async (p) => {
    const leases = await grantTwo(p, 0x961070n);
    const first = await elected(p, leases[0], "a");
    await p.call("resign", Election.method.resign, { leader: first });
    await p.call("resign", Election.method.resign, { leader: first });
    await p.all();
    await revokeTwo(p, leases);
  },
  "asks for the leader's key": async (p) => {
    await p.call("proclaim", Election.method.proclaim, { value: text("a") });
    await p.call("resign", Election.method.resign, {});
  },
  "tells an observer of proclamations and of the next leader": async (p) => {
    const leases = await grantTwo(p, 0x961080n);
    const first = await elected(p, leases[0], "a");
    const observed = observer(p);
    await observed.take();
    await p.call("proclaim", Election.method.proclaim, { leader: first, value: text("a2") });
    await observed.take();
    const second = await standing(p, leases[1], "b");
    await p.call("resign", Election.method.resign, { leader: first });
    await second.end;
    await observed.take();
    await observed.close();
    await revokeTwo(p, leases);
  },
  "tells an observer of an election that was empty when the first one stands": async (p) => {
    const leases = await grantTwo(p, 0x961090n);
    const observed = observer(p);
    const taken = observed.take();
    await elected(p, leases[0], "a");
    await taken;
    await observed.close();
    await revokeTwo(p, leases);
  },
  "keeps the elections of other names apart": async (p) => {
    const leases = await grantTwo(p, 0x9610a0n);
    await elected(p, leases[0], "a");
    await p.call("leader", Election.method.leader, { name: p.key("e2") });
    await p.call("leader", Election.method.leader, { name: p.key("") });
    await revokeTwo(p, leases);
  },
});
