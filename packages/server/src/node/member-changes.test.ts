/** What the leader refuses before a membership change goes into the log: etcd's strict reconfiguration check, as a table. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { SILENT_LOGGER } from "../../testing/test-env.js";
import type { ConfChange, Member } from "../core/apply/command.js";
import type { Membership } from "../core/apply/membership.js";
import type { ServerErrorName } from "../core/errors.js";
import type { Raft } from "../core/raft/raft.js";
import type { Role } from "../core/raft/types.js";
import { NO_PEERS } from "../io/peers/no-peers.js";
import type { MemberRequest } from "../peer-network.js";
import { LeaderCalls } from "./leader-calls.js";
import { MemberChanges } from "./member-changes.js";

const SELF = 1n;
const NOW_MS = 100_000;

interface Scene {
  /** Voters by id; a leading `-` marks one that never started. */
  readonly voters: readonly string[];
  readonly learners?: readonly string[];
  /** Milliseconds for which each other member has been connected; one that is missing is not. */
  readonly connectedMs?: Readonly<Record<string, number>>;
  readonly match?: Readonly<Record<string, number>>;
  readonly strict?: boolean;
  readonly maxLearners?: number;
  readonly role?: "leader" | "follower";
  /** There is somebody to take over the lead. */
  readonly successor?: boolean;
}

function memberOf(text: string, isLearner: boolean): Member {
  const id = BigInt(text.replace("-", ""));
  const name = text.startsWith("-") ? "" : `n${id}`;
  return { id, name, peerUrls: [`http://h${id}:2380`], clientUrls: [], isLearner };
}

function changes(scene: Scene): { readonly changes: MemberChanges; readonly proposed: ConfChange[] } {
  const proposed: ConfChange[] = [];
  const clock = new ManualClock();
  clock.stall(NOW_MS);
  const members = [
    ...scene.voters.map((text) => memberOf(text, false)),
    ...(scene.learners ?? []).map((text) => memberOf(text, true)),
  ];
  const membership = { members, member: (id: bigint) => members.find((member) => member.id === id) };
  const { match = {}, connectedMs = {}, role = "leader" } = scene;
  const progress = new Map(Object.entries(match).map(([id, index]) => [BigInt(id), { match: index }]));
  const raft = { status: { role, lead: role === "leader" ? SELF : 0n }, progress } as unknown as Raft & {
    status: { role: Role };
  };
  const peers = {
    ...NO_PEERS,
    connectedSince: (id: bigint) => {
      const ms = connectedMs[String(id)];
      return ms === undefined ? undefined : NOW_MS - ms;
    },
  };
  const timeoutReason = (): "timeout" => "timeout";
  const calls = new LeaderCalls({ raft, peers, clock, requestTimeoutMs: 7000, timeoutReason, stopped: () => false });
  const options = {
    membership: () => membership as unknown as Membership,
    barrier: () => Promise.resolve(),
    propose: async (change: ConfChange) => {
      proposed.push(change);
    },
    handOver: () => {
      if (scene.successor) raft.status.role = "follower";
      return undefined;
    },
    strictReconfigCheck: scene.strict ?? true,
    maxLearners: scene.maxLearners ?? 1,
  };
  const logger = SILENT_LOGGER;
  return { changes: new MemberChanges({ ...options, raft, peers, clock, logger, memberId: SELF, calls }), proposed };
}

const addVoter: MemberRequest = { kind: "add", peerUrls: ["http://new:2380"], isLearner: false };
const addLearner: MemberRequest = { ...addVoter, isLearner: true };
const remove = (id: bigint): MemberRequest => ({ kind: "remove", id });
const promote = (id: bigint): MemberRequest => ({ kind: "promote", id });
const LONG = 6000;
const SHORT = 4000;

const REFUSED: readonly [string, Scene, MemberRequest, ServerErrorName][] = [
  [
    "a voter while two of three have not started",
    { voters: ["1", "-2", "-3"], connectedMs: { 2: LONG, 3: LONG } },
    addVoter,
    "memberNotEnoughStarted",
  ],
  [
    "a voter while the larger quorum could not be reached",
    { voters: ["1", "2", "3"], connectedMs: { 2: LONG } },
    addVoter,
    "unhealthy",
  ],
  ["a voter right after a member came back", { voters: ["1", "2"], connectedMs: { 2: SHORT } }, addVoter, "unhealthy"],
  [
    "a learner while the quorum with it could not be reached",
    { voters: ["1", "2", "3"], connectedMs: {} },
    addLearner,
    "unhealthy",
  ],
  ["a second learner", { voters: ["1"], learners: ["9"] }, addLearner, "tooManyLearners"],
  [
    "a second learner at the address of the first, for its address",
    { voters: ["1"], learners: ["9"] },
    { ...addLearner, peerUrls: ["http://h9:2380"] },
    "peerUrlExists",
  ],
  ["the removal of the last voter", { voters: ["1"], strict: true }, remove(1n), "memberNotEnoughStarted"],
  [
    "the removal of a started voter when the rest would be mostly unstarted",
    { voters: ["1", "2", "-3"], connectedMs: { 2: LONG, 3: LONG } },
    remove(2n),
    "memberNotEnoughStarted",
  ],
  [
    "the removal of a live voter while another one is down",
    { voters: ["1", "2", "3"], connectedMs: { 2: LONG } },
    remove(2n),
    "unhealthy",
  ],
  [
    "the removal of the leader while one is down",
    { voters: ["1", "2", "3"], connectedMs: { 2: LONG } },
    remove(1n),
    "unhealthy",
  ],
  ["the removal of nobody", { voters: ["1"] }, remove(5n), "memberNotFound"],
  ["an update of nobody", { voters: ["1"] }, { kind: "update", id: 5n, peerUrls: ["http://x:1"] }, "memberNotFound"],
  ["the promotion of nobody", { voters: ["1"] }, promote(5n), "memberNotFound"],
  ["the promotion of a voter", { voters: ["1", "2"], match: { 1: 100, 2: 100 } }, promote(2n), "memberNotLearner"],
  [
    "the promotion of a learner that lags behind",
    { voters: ["1"], learners: ["9"], match: { 1: 1000, 9: 899 } },
    promote(9n),
    "learnerNotReady",
  ],
  [
    "the promotion of a learner that never started, however short the log",
    { voters: ["1"], learners: ["-9"], match: { 1: 1, 9: 1 } },
    promote(9n),
    "learnerNotReady",
  ],
];

const TAKEN: readonly [string, Scene, MemberRequest, ConfChange["type"]][] = [
  ["a second voter of a single started one", { voters: ["1"] }, addVoter, "add-voter"],
  [
    "a fourth voter while one of three is down, for three can still decide",
    { voters: ["1", "2", "3"], connectedMs: { 2: LONG, 3: LONG } },
    addVoter,
    "add-voter",
  ],
  ["anything without the check", { voters: ["1", "-2", "-3"], strict: false }, addVoter, "add-voter"],
  ["a learner", { voters: ["1", "2"], connectedMs: { 2: LONG } }, addLearner, "add-learner"],
  ["a second learner where two may be", { voters: ["1"], learners: ["9"], maxLearners: 2 }, addLearner, "add-learner"],
  ["the removal of a voter that is down", { voters: ["1", "2", "3"], connectedMs: { 2: LONG } }, remove(3n), "remove"],
  [
    "the removal of the leader of a healthy cluster",
    { voters: ["1", "2", "3"], connectedMs: { 2: LONG, 3: LONG } },
    remove(1n),
    "remove",
  ],
  ["the removal of a learner in any case", { voters: ["1", "2", "3"], learners: ["9"] }, remove(9n), "remove"],
  [
    "the promotion of a learner with nine tenths of the log",
    { voters: ["1"], learners: ["9"], match: { 1: 1000, 9: 900 } },
    promote(9n),
    "add-voter",
  ],
];

describe("a membership change", () => {
  it.each(REFUSED)("is refused: %s", async (_name, scene, request, reason) => {
    const { changes: all, proposed } = changes(scene);
    await expect(all.change(request)).rejects.toMatchObject({ reason });
    expect(proposed).toEqual([]);
  });

  it.each(TAKEN)("is proposed: %s", async (_name, scene, request, type) => {
    const { changes: all, proposed } = changes(scene);
    await all.change(request);
    expect(proposed.map((change) => change.type)).toEqual([type]);
  });

  it("gives an added member an id of its addresses and the time, and no name", async () => {
    const { changes: all } = changes({ voters: ["1"] });
    const { member } = await all.change(addVoter);
    expect(member).toMatchObject({ name: "", clientUrls: [], peerUrls: ["http://new:2380"] });
    // SHA-1 of "http://new:2380" and "100", the seconds of the clock: the rule of etcd's public documentation.
    expect(member?.id.toString(16)).toBe("f38130c1e107c4e6");
  });

  it("that removes the leader is left to its successor, if there can be one", async () => {
    const scene: Scene = { voters: ["1", "2"], connectedMs: { 2: LONG }, strict: false };
    const { changes: all, proposed } = changes({ ...scene, successor: true });
    await expect(all.changeHere(remove(SELF))).rejects.toMatchObject({ reason: "notLeader" });
    expect(proposed).toEqual([]);
    const alone = changes({ ...scene, successor: false });
    await alone.changes.changeHere(remove(SELF));
    expect(alone.proposed).toHaveLength(1);
  });

  it("is not carried out by a member that does not lead", async () => {
    const { changes: all, proposed } = changes({ voters: ["1"], role: "follower" });
    await expect(all.changeHere(addVoter)).rejects.toMatchObject({ reason: "notLeader" });
    expect(proposed).toEqual([]);
  });
});
