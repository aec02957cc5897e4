/** Memory and disk after a run of puts and nothing else, one to each key, on servers that have just been started. */
import type { Group } from "../plan.js";
import type { Server } from "../servers.js";
import { Grown } from "./grown.js";
import { onServers } from "./on-servers.js";
import { kvorumOverEtcd } from "./unary-workload.js";

export const memoryGroup: Group<Server> = onServers({
  name: "memory",
  title: "After a run of puts",
  workloads: ({ sizes: { keys } }) => [
    {
      name: "memory",
      title: `one put to each of ${keys.toLocaleString("en")} keys, on new servers`,
      how: "256 random bytes, 10 connections × 100; then memory and data directory are read",
      once: true,
      targets: [kvorumOverEtcd("residentMiB", { atMost: 1.2 })],
      measure: async (server) => {
        const grown = new Grown(server);
        await grown.growTo(keys);
        return grown.fillReadings;
      },
    },
  ],
});
