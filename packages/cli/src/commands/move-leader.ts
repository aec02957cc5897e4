/** `move-leader`: gives the lead to another member. Only the leader can, so it is looked for among the endpoints. */
import { MoveLeaderResponseSchema } from "@kvorum/proto";
import { type Command, defineCommand } from "../command.js";
import { badArguments } from "../failure.js";
import { NumberTextError, parseUint64 } from "../numbers.js";
import { hexId } from "../output/go-text.js";
import { messageReport } from "../output/report.js";

export const moveLeader: Command = defineCommand({
  usage: "<transferee-member-id>",
  flags: {},
  run: async (context, args) => {
    const [id] = args;
    if (id === undefined || args.length !== 1) throw badArguments("move-leader command needs 1 argument");
    const targetID = memberId(id);
    for (const endpoint of context.settings.endpoints) {
      const { maintenance } = (await context.clientFor([endpoint])).rpc;
      const { header, leader } = await maintenance.status({}, context.call());
      if (header?.memberId !== leader) continue;
      const answer = await maintenance.moveLeader({ targetID }, context.call());
      context.print(
        messageReport(MoveLeaderResponseSchema, answer, {
          simple: (out) => out.line(`Leadership transferred from ${hexId(leader)} to ${hexId(targetID)}`),
        }),
      );
      return undefined;
    }
    throw badArguments(`no leader endpoint given at [${context.settings.endpoints.join(" ")}]`);
  },
});

function memberId(text: string): bigint {
  try {
    return parseUint64(text, 16);
  } catch (error) {
    if (!(error instanceof NumberTextError)) throw error;
    throw badArguments(error.message);
  }
}
