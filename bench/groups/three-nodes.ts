/**
 * Puts on three servers that agree on each of them, sent to the one that leads. Three processes share the machine's
 * processors with their compilers, and need longer than one until they run what they have compiled.
 */
import { puts, random } from "../load/requests.js";
import type { Group, Sizes } from "../plan.js";
import type { Server } from "../servers.js";
import { onServers } from "./on-servers.js";
import { kvorumOverEtcd, type UnaryWorkload, unary } from "./unary-workload.js";

const WARM_SECONDS = 10;

export const threeNodesGroup: Group<Server> = onServers({
  name: "three-nodes",
  title: "Three nodes on one machine",
  members: 3,
  workloads: ({ sizes }) => workloads(sizes).map(unary),
});

function workloads({ keys }: Sizes): readonly UnaryWorkload[] {
  return [
    {
      name: "three-put-10-100",
      title: "put, three nodes, 10 connections, 100 clients",
      how: `256 random bytes, after ${WARM_SECONDS} s of the same; costs are those of all three`,
      warmSeconds: WARM_SECONDS,
      writes: 1,
      load: {
        connections: 10,
        callersPerConnection: 10,
        requests: "recorded",
        source: () => puts("bench/put/", random(keys)),
      },
      targets: [kvorumOverEtcd("perSecond", { atLeast: 1.5 })],
    },
  ];
}
