/**
 * Membership changes, asked for on any member and carried out by the leader. Before a change goes into the log the leader
 * looks whether the cluster would survive it (etcd's strict reconfiguration check): a voter that cannot be reached must not
 * make the quorum larger, and none may be taken away on which the quorum stands.
 *
 * What every member must decide alike (an id or an address that is taken) is decided when the entry is applied, in
 * `core/apply/membership.ts`. What depends on this member's settings or connections is decided here.
 */
import type { ConfChange, Member } from "../core/apply/command.js";
import type { Membership } from "../core/apply/membership.js";
import { ServerError, type ServerErrorName } from "../core/errors.js";
import type { Raft } from "../core/raft/raft.js";
import type { Clock, Logger } from "../env.js";
import type { NodeMeasures } from "../measures/node-measures.js";
import type { AnswerTo, MemberRequest, PeerNetwork } from "../peer-network.js";
import { bootstrapMemberId } from "./identity.js";
import type { LeaderCalls } from "./leader-calls.js";

/** How long a member must have been reachable to count as healthy (etcd's figure). */
const HEALTHY_MS = 5000;
/** A learner may be promoted once it holds this share of the leader's log (etcd's figure). */
const READY_SHARE = 0.9;

export type MembersChanged = AnswerTo<{ readonly kind: "member-change"; readonly request: MemberRequest }>;

export interface MemberChangesOptions {
  readonly membership: () => Membership;
  readonly raft: Raft;
  readonly peers: PeerNetwork;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly memberId: bigint;
  readonly calls: LeaderCalls;
  readonly strictReconfigCheck: boolean;
  readonly maxLearners: number;
  /** Confirms leadership, and that everything committed before the call is applied. */
  readonly barrier: () => Promise<void>;
  readonly propose: (change: ConfChange) => Promise<unknown>;
  /** Lets another voter lead, if there is one to take over. */
  readonly handOver: () => Promise<void> | undefined;
  readonly measures?: Pick<NodeMeasures, "learnersPromoted" | "learnersRefused"> | undefined;
}

export class MemberChanges {
  readonly #options: MemberChangesOptions;

  constructor(options: MemberChangesOptions) {
    this.#options = options;
  }

  /**
   * Errors: `memberNotFound`, `memberExists`, `peerUrlExists`, `memberNotLearner`, `learnerNotReady`, `tooManyLearners`,
   * `memberNotEnoughStarted`, `unhealthy`; a timeout when the outcome is unknown.
   */
  change(request: MemberRequest): Promise<MembersChanged> {
    const here = (): Promise<MembersChanged> => this.changeHere(request);
    const whenLost = (): MembersChanged | undefined => this.#alreadyMade(request);
    return this.#options.calls.call({ question: { kind: "member-change", request }, here, whenLost });
  }

  /** On the leader. Errors: `notLeader` on any other member. */
  async changeHere(request: MemberRequest): Promise<MembersChanged> {
    if (request.kind !== "promote") return this.#changeHere(request);
    const { measures } = this.#options;
    try {
      const changed = await this.#changeHere(request);
      measures?.learnersPromoted.add();
      return changed;
    } catch (error) {
      measures?.learnersRefused.of(error instanceof Error ? error.message : String(error)).add();
      throw error;
    }
  }

  async #changeHere(request: MemberRequest): Promise<MembersChanged> {
    const { raft, propose, logger, membership } = this.#options;
    // The checks look at members and connections of this moment, so everything that was decided before must be known.
    await this.#confirmLeadership();
    const change = this.#checked(request);
    // A leader that removes itself could leave members behind that do not know of it yet and miss its vote.
    if (change.type === "remove" && change.member.id === this.#options.memberId) await this.#options.handOver();
    if (raft.status.role !== "leader") throw new ServerError("notLeader");
    await propose(change);
    const { member, type } = change;
    logger.info({ change: type, member: member.id.toString(16), peerUrls: member.peerUrls }, "membership changed");
    const { members } = membership();
    return { kind: "member-change", member: request.kind === "add" ? member : undefined, members };
  }

  /**
   * The connection to the leader ended before its answer. The change may be why: a leader that is removed is disconnected
   * from by every member that applies it. What was refused would have been answered, so a change that shows was this one.
   */
  #alreadyMade(request: MemberRequest): MembersChanged | undefined {
    const membership = this.#options.membership();
    const { members } = membership;
    switch (request.kind) {
      case "add": {
        const member = members.find(({ peerUrls }) => String(peerUrls) === String(request.peerUrls));
        return member && { kind: "member-change", member, members };
      }
      case "remove":
        return membership.isRemoved(request.id) ? { kind: "member-change", member: undefined, members } : undefined;
      case "update":
      case "promote":
        // Neither makes anybody disconnect.
        return undefined;
    }
  }

  async #confirmLeadership(): Promise<void> {
    const { raft, barrier } = this.#options;
    if (raft.status.role !== "leader") throw new ServerError("notLeader");
    try {
      await barrier();
    } catch (error) {
      // Nothing has been proposed, so the next leader may be asked.
      if (error instanceof ServerError && error.reason === "leaderChanged") throw new ServerError("notLeader");
      throw error;
    }
  }

  #checked(request: MemberRequest): ConfChange {
    switch (request.kind) {
      case "add":
        return this.#checkedAdd(request);
      case "remove":
        return this.#checkedRemove(request.id);
      case "promote":
        return this.#checkedPromote(request.id);
      case "update":
        return { type: "update", member: { ...this.#member(request.id), peerUrls: request.peerUrls } };
    }
  }

  #checkedAdd({ peerUrls, isLearner }: Extract<MemberRequest, { kind: "add" }>): ConfChange {
    const { clock, strictReconfigCheck, maxLearners, membership } = this.#options;
    // The time takes the place of the token, so that a member that was removed gets a new id when it is added again (etcd).
    const id = bootstrapMemberId(peerUrls, String(Math.floor(clock.wallMs() / 1000)));
    const { members } = membership();
    if (strictReconfigCheck) {
      const voters = this.#voters();
      if (!isLearner && !startedEnoughToAdd(voters)) refuse("memberNotEnoughStarted");
      if (voters.length > 1 && this.#healthy(voters).length < quorum(voters.length + 1)) refuse("unhealthy");
    }
    // The order in which etcd finds these when it applies the change.
    if (members.some((member) => member.id === id)) refuse("memberExists");
    if (members.some((member) => member.peerUrls.some((url) => peerUrls.includes(url)))) refuse("peerUrlExists");
    if (isLearner && members.filter((member) => member.isLearner).length >= maxLearners) refuse("tooManyLearners");
    const type = isLearner ? "add-learner" : "add-voter";
    return { type, member: { id, name: "", peerUrls, clientUrls: [], isLearner } };
  }

  #checkedRemove(id: bigint): ConfChange {
    const member = this.#member(id);
    const change: ConfChange = { type: "remove", member };
    if (member.isLearner || !this.#options.strictReconfigCheck) return change;
    const voters = this.#voters();
    const others = voters.filter((voter) => voter.id !== id);
    if (others.filter(isStarted).length < quorum(others.length)) refuse("memberNotEnoughStarted");
    // One that is down anyway is no part of the quorum that works now.
    if (id !== this.#options.memberId && this.#options.peers.connectedSince(id) === undefined) return change;
    if (this.#healthy(voters).length - 1 < quorum(others.length)) refuse("unhealthy");
    return change;
  }

  #checkedPromote(id: bigint): ConfChange {
    const { raft, memberId } = this.#options;
    const member = this.#member(id);
    if (!member.isLearner) refuse("memberNotLearner");
    const own = raft.progress?.get(memberId)?.match ?? 0;
    const match = raft.progress?.get(id)?.match ?? 0;
    // One that never started may hold nothing of a short log and still be near its end.
    if (!isStarted(member) || match < own * READY_SHARE) refuse("learnerNotReady");
    return { type: "add-voter", member: { ...member, isLearner: false } };
  }

  #member(id: bigint): Member {
    return this.#options.membership().member(id) ?? refuse("memberNotFound");
  }

  #voters(): readonly Member[] {
    return this.#options.membership().members.filter((member) => !member.isLearner);
  }

  #healthy(voters: readonly Member[]): readonly Member[] {
    const { clock, peers, memberId } = this.#options;
    const longAgoMs = clock.nowMs() - HEALTHY_MS;
    return voters.filter(
      ({ id }) => id === memberId || (peers.connectedSince(id) ?? Number.POSITIVE_INFINITY) <= longAgoMs,
    );
  }
}

/** With the new one the quorum grows; the started ones must reach it. One of one may always become two. */
function startedEnoughToAdd(voters: readonly Member[]): boolean {
  const started = voters.filter(isStarted).length;
  return (started === 1 && voters.length === 1) || started >= quorum(voters.length + 1);
}

function isStarted(member: Member): boolean {
  return member.name !== "";
}

function quorum(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

function refuse(reason: ServerErrorName): never {
  throw new ServerError(reason);
}
