/** `defrag`: gives free space of the members' files back, one member after the other. */
import { type Command, defineCommand } from "../command.js";
import { askEach, CLUSTER_FLAG, chosenEndpoints, exitCodeOf } from "../endpoints.js";
import { CommandFailure, EXIT } from "../failure.js";
import { text } from "../flags.js";

export const defrag: Command = defineCommand({
  usage: "[options]",
  flags: {
    cluster: CLUSTER_FLAG,
    "data-dir": text("Optional. If present, defragments a data directory not in use by Kvorum.", {
      placeholder: "<directory>",
    }),
  },
  run: async (context, _args, { cluster, "data-dir": dataDir }) => {
    const { terminal } = context;
    if (dataDir !== "") {
      const { defragment } = await import("@kvorum/server/offline");
      await defragment(dataDir).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
        throw new CommandFailure(EXIT.error, `${dataDir} holds no member's data`, error);
      });
      terminal.out(`Finished defragmenting directory [${dataDir}]\n`);
      return undefined;
    }
    const { failure } = await askEach(
      context,
      await chosenEndpoints(context, cluster),
      async (client, endpoint) => {
        await client.rpc.maintenance.defragment({}, context.call());
        terminal.out(`Finished defragmenting etcd member[${endpoint}]\n`);
      },
      (endpoint, reason) => `Failed to defragment etcd member[${endpoint}] (${reason})`,
    );
    return exitCodeOf(failure);
  },
});
