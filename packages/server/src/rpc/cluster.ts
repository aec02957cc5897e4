/** The Cluster service: reading the member list. Its headers carry no revision, as etcd's do not. */
import type { Cluster } from "@kvorum/proto";
import type { ServiceImplementation } from "@kvorum/transport";
import { headerOf } from "./header.js";
import type { RpcParts } from "./parts.js";

export function clusterService({ node }: RpcParts): ServiceImplementation<typeof Cluster> {
  return {
    async memberList({ linearizable }) {
      if (linearizable) await node.linearizableBarrier();
      const members = node.members.map(({ id, name, peerUrls, clientUrls, isLearner }) => ({
        ID: id,
        name,
        peerURLs: [...peerUrls],
        clientURLs: [...clientUrls],
        isLearner,
      }));
      return { header: headerOf(node, 0n), members };
    },
  };
}
