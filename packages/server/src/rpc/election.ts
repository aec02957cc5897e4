/**
 * The Election service: campaigns, proclamations and observers for clients that have no library for them. The leader is
 * whoever has the oldest key under the name; `contest.ts` has the rule and the waiting.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  CampaignRequest,
  Election,
  LeaderKey,
  LeaderKeySchema,
  LeaderRequest,
  LeaderResponseSchema,
  ProclaimRequest,
  ResignRequest,
} from "@kvorum/proto";
import type { CallContext, ServiceImplementation } from "@kvorum/transport";
import { compareBytes, EMPTY_BYTES } from "../core/bytes.js";
import { ServerError } from "../core/errors.js";
import { InvariantError } from "../core/invariant.js";
import type { KeyValue } from "../core/mvcc/key-value.js";
import { Contest, deleteOf, keyOf, oldest, pairIn, prefixEnd, prefixOf, putOf, single } from "./contest.js";
import { headerOf } from "./header.js";
import type { RpcParts } from "./parts.js";
import { unknownError, withUnknownErrors } from "./unknown-errors.js";

/** A candidate's key, and when it was created: what makes a later candidate under the same key another one. */
interface Candidacy {
  readonly key: Uint8Array;
  readonly createRevision: bigint;
  readonly lease: bigint;
}

export function electionService(parts: RpcParts): ServiceImplementation<typeof Election> {
  const { node } = parts;
  return {
    campaign: withUnknownErrors(async ({ name, lease, value }: CampaignRequest, context) => {
      const contest = new Contest(parts, context);
      const { candidacy, revision } = await campaign(
        contest,
        { name, value, lease: await contest.lease(lease) },
        context,
      );
      return { header: headerOf(node, revision), leader: leaderKey(name, candidacy) };
    }),

    proclaim: withUnknownErrors(async ({ leader, value }: ProclaimRequest, context) => {
      const contest = new Contest(parts, context);
      const revision = await proclaim(contest, await resumed(contest, leader), value);
      return { header: headerOf(node, revision) };
    }),

    leader: withUnknownErrors(async ({ name }: LeaderRequest, context) => {
      const { kvs, revision } = await new Contest(parts, context).read(oldest(prefixOf(name)));
      const [kv] = kvs;
      if (kv === undefined) throw new ServerError("electionNoLeader");
      return { header: headerOf(node, revision), kv };
    }),

    observe: (request, context) => observe(parts, request, context),

    resign: withUnknownErrors(async ({ leader }: ResignRequest, context) => {
      const contest = new Contest(parts, context);
      return { header: headerOf(node, await resign(contest, await resumed(contest, leader))) };
    }),
  };
}

/** Resolves when elected, with the revision at which the candidate entered. */
async function campaign(
  contest: Contest,
  { name, value, lease }: { readonly name: Uint8Array; readonly value: Uint8Array; readonly lease: bigint },
  { signal }: CallContext,
): Promise<{ readonly candidacy: Candidacy; readonly revision: bigint }> {
  const key = keyOf(name, lease);
  const entered = await contest.ifCreatedAt(key, 0n, [putOf(key, value, lease)], [single(key)]);
  const own = entered.succeeded ? undefined : pairIn(entered, 0);
  const candidacy = { key, lease, createRevision: own?.createRevision ?? entered.revision };
  try {
    if (own !== undefined && compareBytes(own.value, value) !== 0) await proclaim(contest, candidacy, value);
    await contest.waitTurn(prefixOf(name), candidacy.createRevision - 1n);
  } catch (error) {
    // Nobody would know of the office of who has left. It goes with its lease if this fails too.
    if (signal.aborted) await resign(contest, candidacy).catch(() => {});
    throw error;
  }
  return { candidacy, revision: entered.revision };
}

/** Errors: `electionNotLeader` when the key is not the one of the candidacy any more. */
async function proclaim(contest: Contest, candidacy: Candidacy, value: Uint8Array): Promise<bigint> {
  const { key, createRevision, lease } = candidacy;
  const { succeeded, revision } = await contest.ifCreatedAt(key, createRevision, [putOf(key, value, lease)]);
  if (!succeeded) throw new ServerError("electionNotLeader");
  return revision;
}

/** Also when the leadership is lost already. */
async function resign(contest: Contest, { key, createRevision }: Candidacy): Promise<bigint> {
  const { revision } = await contest.ifCreatedAt(key, createRevision, [deleteOf(key)]);
  return revision;
}

/** As etcd does, whoever names no lease gets a fresh one, even to resign. */
async function resumed(contest: Contest, leader: LeaderKey | undefined): Promise<Candidacy> {
  if (leader === undefined) throw new ServerError("leaderKeyMissing");
  const { key, rev: createRevision, lease } = leader;
  return { key, createRevision, lease: await contest.lease(lease) };
}

type LeaderMessage = MessageInitShape<typeof LeaderResponseSchema>;

/** The leader now and whenever it changes or proclaims, over all leaders to come. */
async function* observe(
  parts: RpcParts,
  { name }: LeaderRequest,
  context: CallContext,
): AsyncGenerator<LeaderMessage, void, undefined> {
  try {
    yield* leaders(parts, new Contest(parts, context), prefixOf(name));
  } catch (error) {
    throw unknownError(error);
  }
}

async function* leaders(
  parts: RpcParts,
  contest: Contest,
  prefix: Uint8Array,
): AsyncGenerator<LeaderMessage, void, undefined> {
  for (;;) {
    const { kvs, revision } = await contest.read(oldest(prefix));
    const found = kvs[0] === undefined ? await firstPut(contest, prefix, revision) : { kv: kvs[0], revision };
    yield { header: headerOf(parts.node, found.revision), kv: found.kv };
    yield* whileLeading(parts, contest, found.kv.key, found.revision);
  }
}

/** In an election that nobody stands for: the first candidate that shows. */
async function firstPut(
  contest: Contest,
  prefix: Uint8Array,
  revision: bigint,
): Promise<{ readonly kv: KeyValue; readonly revision: bigint }> {
  for await (const { events } of contest.watch(prefix, prefixEnd(prefix), revision)) {
    const put = events.find(({ type }) => type === "put");
    if (put !== undefined) return { kv: put.kv, revision: put.kv.modRevision };
  }
  throw new InvariantError("a watch ends by an error or by its caller");
}

/** What one leader proclaims, until its key is gone. */
async function* whileLeading(
  { node }: RpcParts,
  contest: Contest,
  key: Uint8Array,
  revision: bigint,
): AsyncGenerator<LeaderMessage, void, undefined> {
  for await (const response of contest.watch(key, EMPTY_BYTES, revision + 1n)) {
    for (const { type, kv } of response.events) {
      if (type === "delete") return;
      yield { header: headerOf(node, response.revision), kv };
    }
  }
}

function leaderKey(
  name: Uint8Array,
  { key, createRevision, lease }: Candidacy,
): MessageInitShape<typeof LeaderKeySchema> {
  return { name, key, rev: createRevision, lease };
}
