/** `compaction`: forgets the history before a revision. */
import { type Command, defineCommand } from "../command.js";
import { badArguments, CommandFailure, EXIT } from "../failure.js";
import { onOff } from "../flags.js";
import { NumberTextError, parseInt64 } from "../numbers.js";

export const compaction: Command = defineCommand({
  usage: "[options] <revision>",
  flags: { physical: onOff("'true' to wait for compaction to physically remove all old revisions") },
  run: async (context, args, { physical }) => {
    const [text] = args;
    if (text === undefined || args.length !== 1) throw badArguments("compaction command needs 1 argument");
    const revision = readRevision(text);
    const client = await context.client();
    await client.rpc.kv.compact({ revision, physical }, context.call());
    // etcdctl knows no other format for it.
    context.terminal.out(`compacted revision ${revision}\n`);
    return undefined;
  },
});

function readRevision(text: string): bigint {
  try {
    return parseInt64(text);
  } catch (error) {
    if (!(error instanceof NumberTextError)) throw error;
    throw new CommandFailure(EXIT.error, error.message);
  }
}
