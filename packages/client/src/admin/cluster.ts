/** Members of the cluster: listing and changing them. */
import { Cluster, type Member as WireMember } from "@kvorum/proto";
import { type Header, toHeader } from "../kv/results.js";
import type { Caller } from "../net/caller.js";
import type { BigIntLike, CallOptions, ReadOptions } from "../options.js";
import { toMemberId } from "./member-id.js";

export interface Member {
  readonly id: bigint;
  /** Empty until the member has started for the first time. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  /** It receives the log and does not vote. */
  readonly isLearner: boolean;
}

export interface MemberListResult {
  readonly members: Member[];
  readonly header: Header;
}

export interface MemberAddResult extends MemberListResult {
  /** The new one. It has to be started with `--initial-cluster-state existing`. */
  readonly member: Member;
}

/**
 * Changes are never sent again after an unknown outcome: look at `memberList` first. Errors of every call: `EtcdError` with
 * etcd's reason (`member-not-found`, `peer-url-exists`, `not-enough-started-members`, `learner-not-ready`), `signal.reason`.
 */
export interface ClusterApi {
  /** Linearizable unless asked otherwise; servers before 3.5 always answer from what they have. */
  memberList(options?: CallOptions & Pick<ReadOptions, "consistency">): Promise<MemberListResult>;
  /** Adds a voter. Adding a learner first and promoting it later does not put the quorum at risk. */
  memberAdd(peerUrls: readonly string[], options?: CallOptions): Promise<MemberAddResult>;
  memberAddAsLearner(peerUrls: readonly string[], options?: CallOptions): Promise<MemberAddResult>;
  memberRemove(id: BigIntLike, options?: CallOptions): Promise<MemberListResult>;
  /** Gives the member other addresses for its peers. */
  memberUpdate(id: BigIntLike, peerUrls: readonly string[], options?: CallOptions): Promise<MemberListResult>;
  /** Makes a voter of a learner that has caught up; `learner-not-ready` before. */
  memberPromote(id: BigIntLike, options?: CallOptions): Promise<MemberListResult>;
}

export class ClusterClient implements ClusterApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  async memberList(options?: CallOptions & Pick<ReadOptions, "consistency">): Promise<MemberListResult> {
    const linearizable = (options?.consistency ?? "linearizable") === "linearizable";
    return toList(await this.#caller.unary(Cluster.method.memberList, { linearizable }, "read", options));
  }

  memberAdd(peerUrls: readonly string[], options?: CallOptions): Promise<MemberAddResult> {
    return this.#add(peerUrls, false, options);
  }

  memberAddAsLearner(peerUrls: readonly string[], options?: CallOptions): Promise<MemberAddResult> {
    return this.#add(peerUrls, true, options);
  }

  async memberRemove(id: BigIntLike, options?: CallOptions): Promise<MemberListResult> {
    const request = { ID: toMemberId(id, "id") };
    return toList(await this.#caller.unary(Cluster.method.memberRemove, request, "admin", options));
  }

  async memberUpdate(id: BigIntLike, peerUrls: readonly string[], options?: CallOptions): Promise<MemberListResult> {
    const request = { ID: toMemberId(id, "id"), peerURLs: someUrls(peerUrls) };
    return toList(await this.#caller.unary(Cluster.method.memberUpdate, request, "admin", options));
  }

  async memberPromote(id: BigIntLike, options?: CallOptions): Promise<MemberListResult> {
    const request = { ID: toMemberId(id, "id") };
    return toList(await this.#caller.unary(Cluster.method.memberPromote, request, "admin", options));
  }

  async #add(
    peerUrls: readonly string[],
    isLearner: boolean,
    options: CallOptions | undefined,
  ): Promise<MemberAddResult> {
    const request = { peerURLs: someUrls(peerUrls), isLearner };
    const answer = await this.#caller.unary(Cluster.method.memberAdd, request, "admin", options);
    if (answer.member === undefined) throw new TypeError("the server's answer names no member");
    return { member: toMember(answer.member), ...toList(answer) };
  }
}

function toList(answer: { readonly members: readonly WireMember[] } & WithHeader): MemberListResult {
  return { members: answer.members.map(toMember), header: toHeader(answer.header) };
}

type WithHeader = { readonly header?: Parameters<typeof toHeader>[0] };

function toMember({ ID, name, peerURLs, clientURLs, isLearner }: WireMember): Member {
  return { id: ID, name, peerUrls: peerURLs, clientUrls: clientURLs, isLearner };
}

/** etcd itself takes an empty list for an update, and then has a member that nobody can reach. */
function someUrls(urls: readonly string[]): string[] {
  if (!Array.isArray(urls) || urls.length === 0) throw new TypeError("peerUrls must be a list of at least one URL");
  return [...urls];
}
