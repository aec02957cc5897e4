/** `del`: removes a key, or a range of them. Its arguments are those of a `del` inside a transaction too. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { DeleteRangeRequestSchema } from "@kvorum/proto";
import { type Command, defineCommand } from "../command.js";
import { badArguments } from "../failure.js";
import { type FlagsFor, onOff } from "../flags.js";
import { deleteReport } from "../output/pairs.js";
import { rangeOf } from "../ranges.js";

export interface DelFlags {
  readonly "from-key": boolean;
  readonly prefix: boolean;
  readonly "prev-kv": boolean;
}

export const DEL_FLAGS: FlagsFor<DelFlags> = {
  "from-key": onOff("delete keys that are greater than or equal to the given key using byte compare"),
  prefix: onOff("delete keys with matching prefix"),
  "prev-kv": onOff("return deleted key-value pairs"),
};

export const del: Command = defineCommand({
  usage: "[options] <key> [range_end]",
  flags: DEL_FLAGS,
  run: async (context, args, flags) => {
    const request = deleteRequest(args, flags);
    const client = await context.client();
    const response = await client.rpc.kv.deleteRange(request, context.call());
    context.print(deleteReport(response, { hex: context.settings.hex }));
    return undefined;
  },
});

/** Errors: `CommandFailure` for arguments that make no request. */
export function deleteRequest(
  args: readonly string[],
  flags: DelFlags,
): MessageInitShape<typeof DeleteRangeRequestSchema> {
  const [key, end] = args;
  if (key === undefined || args.length > 2) {
    throw badArguments("del command needs one argument as key and an optional argument as range_end");
  }
  return {
    ...rangeOf({ key, end, isPrefix: flags.prefix, isFromKey: flags["from-key"] }),
    prevKv: flags["prev-kv"],
  };
}
