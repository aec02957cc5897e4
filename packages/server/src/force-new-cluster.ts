/**
 * `--force-new-cluster`, for a cluster that has lost its majority for good: before the node opens a port, a member without
 * any connection lives just long enough to remove the others from its data (`node/sole-member.ts`). What starts after it
 * is an ordinary member of a cluster of one, which can be added to.
 *
 * It may be cut off anywhere: either its last stretch of the log is there, and the next start goes on with it, or nothing
 * has happened.
 */
import type { Env } from "./env.js";
import { NO_PEERS } from "./io/peers/no-peers.js";
import { listSegments } from "./io/wal/recovery.js";
import { EtcdNode } from "./node/node.js";
import type { NodeOptions } from "./node/options.js";

/**
 * Resolves when the data are those of a cluster of one, durably. Errors: those of a start, and `StartRefusedError` for a
 * member that has nothing to keep.
 */
export async function forceNewCluster(member: Omit<NodeOptions, "env">, world: Omit<Env, "peers">): Promise<void> {
  const { walDirectory } = member;
  const { disk, logger } = world;
  if ((await listSegments(disk, walDirectory)).length === 0) {
    logger.warn(
      { walDirectory },
      "--force-new-cluster has no effect: no member's data are here, this is an ordinary start",
    );
    return;
  }
  const node = await EtcdNode.start({ ...member, forceNewCluster: true, env: { ...world, peers: NO_PEERS } });
  try {
    await Promise.race([node.ready, node.failed.then((error) => Promise.reject(error))]);
  } finally {
    await node.stop();
  }
  logger.warn({}, "--force-new-cluster has done its work: leave it out from now on");
}
