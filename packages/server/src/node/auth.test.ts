/** Users on whole members: what a request may do is the cluster's word, not that of one member that lags behind. */
import { describe, expect, it } from "vitest";
import { addUser, grantRole, HeardTokens, identity, permit, ROOT_CHANGES } from "../../testing/auth-world.js";
import { get, NodeCluster, put } from "../../testing/node-cluster.js";
import type { Command } from "../core/apply/command.js";
import { type Identity, NODE_IDENTITY } from "../core/auth/types.js";
import type { ServerError } from "../core/errors.js";
import type { EtcdNode } from "./node.js";

/** More than one turn of the event loop reads; some six of them. */
const MANY_KEYS = 10_000;
const revokeRole: Command = { kind: "user-revoke-role", name: "ann", role: "r" };

/** Users root and Ann, who may read and write "a"; authentication is on. */
async function setUp(cluster: NodeCluster): Promise<void> {
  const commands: readonly Command[] = [
    ...[...ROOT_CHANGES, addUser("ann"), { kind: "role-add", name: "r" } as const],
    ...[permit("r", "readwrite", "a"), grantRole("ann", "r"), { kind: "auth-enable" } as const],
  ];
  const leader = await cluster.elected();
  for (const command of commands) await cluster.within(leader.propose(command));
}

function as(node: EtcdNode, user: string): Identity {
  return identity(user, node.auth.revision);
}

async function withUsers(size: number, use: (cluster: NodeCluster) => Promise<void>): Promise<void> {
  // Longer than a step of the test's clock: a follower hears of a commit after the leader's client does.
  const cluster = await NodeCluster.start({ size, network: { delayMs: 20 } });
  try {
    await use(cluster);
  } finally {
    await cluster.close();
  }
}

/** The kind of the answer, or the reason of the refusal. */
function outcome(answer: Promise<{ kind: string }>): Promise<string> {
  return answer.then(
    ({ kind }) => kind,
    (error: ServerError) => error.reason,
  );
}

describe("a member with users", () => {
  it("serves who may and refuses who may not, in proposals and in reads", () =>
    withUsers(1, async (cluster) => {
      await setUp(cluster);
      const node = await cluster.elected();
      const all = (who: Identity | undefined, key: string): Promise<string[]> => {
        const txn = { kind: "txn", compare: [], success: [get(key)], failure: [] } as const;
        const serializable = get(key, { serializable: true });
        const answers = [node.propose(put(key, "1"), who), node.range(get(key), who), node.range(serializable, who)];
        return cluster.within(Promise.all([...answers, node.readOnlyTxn(txn, who)].map(outcome)));
      };
      expect(await all(as(node, "ann"), "a")).toEqual(["put", "range", "range", "txn"]);
      expect(await all(as(node, "ann"), "b")).toEqual(Array(4).fill("permissionDenied"));
      expect(await all(as(node, "root"), "b")).toEqual(["put", "range", "range", "txn"]);
      expect(await all(undefined, "a")).toEqual(Array(4).fill("userEmpty"));
      expect(await all(identity("ann", 1n), "a")).toEqual(Array(4).fill("authOldRevision"));
    }));

  it("puts nothing into the log for who may not", () =>
    withUsers(1, async (cluster) => {
      await setUp(cluster);
      const node = await cluster.elected();
      const { lastIndex } = node.raftStatus;
      expect(await cluster.within(outcome(node.propose(put("b", "1"), as(node, "ann"))))).toBe("permissionDenied");
      expect(await cluster.within(outcome(node.propose(put("b", "1"))))).toBe("userEmpty");
      expect(node.raftStatus.lastIndex).toBe(lastIndex);
    }));

  it("refuses an entry whose permission was taken away while it was on its way", () =>
    withUsers(1, async (cluster) => {
      await setUp(cluster);
      const node = await cluster.elected();
      const revoked = node.propose(revokeRole, as(node, "root"));
      const late = outcome(node.propose(put("a", "1"), as(node, "ann")));
      await cluster.within(revoked);
      expect(await cluster.within(late)).toBe("authOldRevision");
      expect((await cluster.within(node.range(get("a"), as(node, "root")))).count).toBe(0);
    }));

  it("refuses a long read during which users have changed, and no other", () =>
    withUsers(1, async (cluster) => {
      await setUp(cluster);
      const node = await cluster.elected();
      const success = Array.from({ length: MANY_KEYS }, (_, i) => put(`many/${i}`, "1"));
      await cluster.within(node.propose({ kind: "txn", compare: [], success, failure: [] }, as(node, "root")));
      const everything = { ...get("\0", { serializable: true }), rangeEnd: Uint8Array.of(0) };
      const long = outcome(node.range(everything, as(node, "root")));
      const short = outcome(node.range(get("a", { serializable: true }), as(node, "ann")));
      await cluster.within(node.propose(revokeRole, as(node, "root")));
      expect(await cluster.within(Promise.all([long, short]))).toEqual(["authOldRevision", "range"]);
      expect(await cluster.within(outcome(node.range(everything, as(node, "root"))))).toBe("range");
    }));

  it("compacts by itself as root does", () =>
    withUsers(1, async (cluster) => {
      await setUp(cluster);
      const node = await cluster.elected();
      await cluster.within(node.propose(put("a", "1"), as(node, "ann")));
      const compaction: Command = { kind: "compaction", revision: 2n, physical: false };
      expect(await cluster.within(outcome(node.propose(compaction, as(node, "ann"))))).toBe("permissionDenied");
      expect(await cluster.within(outcome(node.propose(compaction, NODE_IDENTITY)))).toBe("compaction");
    }));
});

describe("a member that lags behind", () => {
  it("denies nothing that was granted elsewhere before the request", () =>
    withUsers(3, async (cluster) => {
      await setUp(cluster);
      const leader = await cluster.elected();
      const follower = await cluster.follower();
      await cluster.until(() => follower.auth.revision === leader.auth.revision && follower.auth.enabled);
      await cluster.within(leader.propose(permit("r", "readwrite", "b"), as(leader, "root")));
      // The follower has not heard of the commit yet.
      expect(follower.auth.revision).toBeLessThan(leader.auth.revision);
      const early = outcome(follower.propose(put("b", "1"), as(follower, "ann")));
      expect(await cluster.within(early)).toBe("authOldRevision");
      expect(await cluster.within(outcome(follower.propose(put("b", "1"), as(follower, "ann"))))).toBe("put");
    }));

  it("refuses a request of nobody in the log, when it does not know yet that users count", () =>
    withUsers(3, async (cluster) => {
      const leader = await cluster.elected();
      const follower = await cluster.follower();
      for (const command of ROOT_CHANGES) await cluster.within(leader.propose(command));
      await cluster.within(leader.propose({ kind: "auth-enable" }));
      expect(follower.auth.enabled).toBe(false);
      expect(await cluster.within(outcome(follower.propose(put("a", "1"))))).toBe("userEmpty");
    }));
});

describe("a token", () => {
  it("reaches every member with one index, and goes with its user's password", async () => {
    const tokens = new HeardTokens();
    const cluster = await NodeCluster.start({ options: { tokens } });
    try {
      await setUp(cluster);
      const leader = await cluster.elected();
      const checkedRevision = leader.auth.revision;
      const given = leader.propose({ kind: "authenticate", user: "ann", token: "abc", checkedRevision });
      const { index, authRevision } = await cluster.within(given);
      expect(authRevision).toBe(checkedRevision);
      const change: Command = { kind: "user-change-password", name: "ann", passwordHash: "x" };
      await cluster.within(leader.propose(change, as(leader, "root")));
      await cluster.until(() => tokens.heard.length === 6);
      // Three members have one sink here.
      const count = (text: string): number => tokens.heard.filter((heard) => heard === text).length;
      expect([count(`token of ann: abc.${index}`), count("void: ann")]).toEqual([3, 3]);
    } finally {
      await cluster.close();
    }
  });
});
