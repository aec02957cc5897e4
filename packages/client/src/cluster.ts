/** Members of the cluster. */
import { Cluster } from "@kvorum/proto";
import { type Header, toHeader } from "./kv/results.js";
import type { Caller } from "./net/caller.js";
import type { CallOptions, ReadOptions } from "./options.js";

export interface Member {
  readonly id: bigint;
  /** Empty until the member has started for the first time. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface ClusterApi {
  /** Linearizable unless asked otherwise. Errors: `EtcdError`. */
  memberList(
    options?: CallOptions & Pick<ReadOptions, "consistency">,
  ): Promise<{ readonly members: Member[]; readonly header: Header }>;
}

export class ClusterClient implements ClusterApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  async memberList(
    options?: CallOptions & Pick<ReadOptions, "consistency">,
  ): Promise<{ readonly members: Member[]; readonly header: Header }> {
    const linearizable = (options?.consistency ?? "linearizable") === "linearizable";
    const answer = await this.#caller.unary(Cluster.method.memberList, { linearizable }, "read", options);
    const members = answer.members.map((member) => ({
      id: member.ID,
      name: member.name,
      peerUrls: member.peerURLs,
      clientUrls: member.clientURLs,
      isLearner: member.isLearner,
    }));
    return { members, header: toHeader(answer.header) };
  }
}
