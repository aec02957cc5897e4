/** The Cluster service. Its headers carry no revision, as etcd's do not. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Cluster, MemberSchema } from "@kvorum/proto";
import type { ServiceImplementation } from "@kvorum/transport";
import type { Member } from "../core/apply/command.js";
import { headerOf } from "./header.js";
import type { RpcParts } from "./parts.js";
import { peerUrlsOf } from "./peer-urls.js";

export function clusterService({ node }: RpcParts): ServiceImplementation<typeof Cluster> {
  const header = (): ReturnType<typeof headerOf> => headerOf(node, 0n);
  return {
    async memberAdd({ peerURLs, isLearner }) {
      const { member, members } = await node.changeMembers({ kind: "add", peerUrls: peerUrlsOf(peerURLs), isLearner });
      return { header: header(), members: members.map(messageOf), ...(member && { member: messageOf(member) }) };
    },

    async memberRemove({ ID }) {
      const { members } = await node.changeMembers({ kind: "remove", id: ID });
      return { header: header(), members: members.map(messageOf) };
    },

    async memberUpdate({ ID, peerURLs }) {
      const { members } = await node.changeMembers({ kind: "update", id: ID, peerUrls: peerUrlsOf(peerURLs) });
      return { header: header(), members: members.map(messageOf) };
    },

    async memberPromote({ ID }) {
      const { members } = await node.changeMembers({ kind: "promote", id: ID });
      return { header: header(), members: members.map(messageOf) };
    },

    async memberList({ linearizable }) {
      if (linearizable) await node.linearizableBarrier();
      return { header: header(), members: node.members.map(messageOf) };
    },
  };
}

function messageOf({ id, name, peerUrls, clientUrls, isLearner }: Member): MessageInitShape<typeof MemberSchema> {
  return { ID: id, name, peerURLs: [...peerUrls], clientURLs: [...clientUrls], isLearner };
}
