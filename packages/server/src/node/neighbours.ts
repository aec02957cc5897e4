/** Asking the other initial members for their cluster, before this member has one. */
import type { InitialMember } from "../config/initial-cluster.js";
import type { ClusterDescription } from "../peer-network.js";
import type { NodeConfig } from "./options.js";

/** Long enough for a member that is up; one that is not must not delay the birth of a cluster. */
const ASK_TIMEOUT_MS = 1000;

export function otherMembers({ initialCluster, name }: NodeConfig): readonly InitialMember[] {
  return initialCluster.filter((member) => member.name !== name);
}

/** All at once; the answers of those that gave one. */
export async function askOthers(config: NodeConfig): Promise<readonly ClusterDescription[]> {
  const { peers } = config.env;
  const answers = await Promise.all(
    otherMembers(config).map(({ peerUrls }) => peers.discover(peerUrls, ASK_TIMEOUT_MS)),
  );
  return answers.filter((answer) => answer !== undefined);
}
