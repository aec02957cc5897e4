/**
 * The birth of a cluster: every initial member computes the same ids and writes the same first entries, one committed
 * membership change a member (as etcd does). From there on it is an ordinary log.
 *
 * Before that the member asks the others, as far as they are up, whether the cluster exists already: then this is no birth
 * but a member that has lost its data, or one that was told the wrong thing.
 */
import type { Member } from "../core/apply/command.js";
import type { Entry, HardState } from "../core/raft/types.js";
import { encodeConfChange } from "../io/wire/command.js";
import type { ClusterDescription, PeerAddress } from "../peer-network.js";
import { bootstrapMemberId, type Identity, type InitialCluster, initialClusterOf } from "./identity.js";
import { askOthers } from "./neighbours.js";
import type { NodeConfig } from "./options.js";
import { hex, refuseForgottenLog, refuseRemoved, StartRefusedError } from "./start-refused.js";

/** How a member's first life begins. */
export interface Beginning {
  readonly identity: Identity;
  /** Undefined for a member that gets its log from the others. */
  readonly firstLog: FirstLog | undefined;
  /** The other members, for as long as this member's own list does not have them yet. */
  readonly knownPeers: readonly PeerAddress[];
}

export interface FirstLog {
  readonly entries: readonly Entry[];
  readonly hardState: HardState;
}

/** Rejects with `StartRefusedError` when another member knows better. */
export async function foundCluster(config: NodeConfig): Promise<Beginning> {
  const cluster = initialClusterOf(config.initialCluster, config.clusterToken);
  const identity = foundingIdentity(config);
  for (const description of await askOthers(config)) checkNeighbour(description, identity);
  return {
    identity,
    firstLog: firstLog(cluster),
    knownPeers: cluster.members
      .filter(({ id }) => id !== identity.memberId)
      .map(({ id, peerUrls }) => ({ id, urls: peerUrls })),
  };
}

/** The ids that follow from the settings alone. */
export function foundingIdentity({ initialCluster, peerUrls, clusterToken }: NodeConfig): Identity {
  const { clusterId } = initialClusterOf(initialCluster, clusterToken);
  return { clusterId, memberId: bootstrapMemberId(peerUrls, clusterToken) };
}

function checkNeighbour({ clusterId, members, removed }: ClusterDescription, identity: Identity): void {
  const { memberId } = identity;
  if (clusterId !== identity.clusterId) {
    throw new StartRefusedError(
      `a member of --initial-cluster is running in cluster ${hex(clusterId)}, and these settings would found cluster ` +
        `${hex(identity.clusterId)}. Give --initial-cluster-state existing to join the running one; to found a cluster, ` +
        "give every member the same --initial-cluster and --initial-cluster-token and an empty data directory",
    );
  }
  if (removed.includes(memberId)) refuseRemoved(identity);
  const self = members.find(({ id }) => id === memberId);
  // Until a member has a name it has only been spoken of: that is how all of them begin.
  if (self !== undefined && self.name !== "") refuseForgottenLog(identity);
}

/**
 * Term 1, and committed from the start: every initial member has the same entries, so none of them can be replaced. The
 * bytes must be the same everywhere; names are left to their owners, who publish them.
 */
function firstLog({ members }: InitialCluster): FirstLog {
  const entries = members.map(({ id, peerUrls }, i): Entry => {
    const member: Member = { id, name: "", peerUrls, clientUrls: [], isLearner: false };
    const data = encodeConfChange(0n, { type: "add-voter", member });
    return { type: "conf-change", term: 1, index: i + 1, data };
  });
  return { entries, hardState: { term: 1, vote: 0n, commit: entries.length } };
}
