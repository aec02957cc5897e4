/** `get`: one key, or a range of them. Its arguments are those of a `get` inside a transaction too. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { RangeRequest_SortOrder, RangeRequest_SortTarget, type RangeRequestSchema } from "@kvorum/proto";
import { type Command, defineCommand } from "../command.js";
import { badArguments, badFeature } from "../failure.js";
import { type FlagsFor, int64, onOff, text } from "../flags.js";
import { rangeReport } from "../output/pairs.js";
import { rangeOf } from "../ranges.js";

export interface GetFlags {
  readonly consistency: string;
  readonly "count-only": boolean;
  readonly "from-key": boolean;
  readonly "keys-only": boolean;
  readonly limit: bigint;
  readonly "max-create-rev": bigint;
  readonly "max-mod-rev": bigint;
  readonly "min-create-rev": bigint;
  readonly "min-mod-rev": bigint;
  readonly order: string;
  readonly prefix: boolean;
  readonly "print-value-only": boolean;
  readonly rev: bigint;
  readonly "sort-by": string;
}

export const GET_FLAGS: FlagsFor<GetFlags> = {
  consistency: text("Linearizable(l) or Serializable(s)", { fallback: "l", choices: ["l", "s"] }),
  "count-only": onOff("Get only the count, with --write-out=fields or json"),
  "from-key": onOff("Get keys that are greater than or equal to the given key using byte compare"),
  "keys-only": onOff("Get only the keys"),
  limit: int64("Maximum number of results"),
  "max-create-rev": int64("Leave out keys that were created after this revision"),
  "max-mod-rev": int64("Leave out keys that were changed after this revision"),
  "min-create-rev": int64("Leave out keys that were created before this revision"),
  "min-mod-rev": int64("Leave out keys that were last changed before this revision"),
  order: text("Order of results; ASCEND or DESCEND (ASCEND by default)", { choices: ["ASCEND", "DESCEND"] }),
  prefix: onOff("Get keys with matching prefix"),
  "print-value-only": onOff('Only write values when using the "simple" output format'),
  rev: int64("Specify the kv revision"),
  "sort-by": text("Sort target; CREATE, KEY, MODIFY, VALUE, or VERSION", {
    choices: ["CREATE", "KEY", "MODIFY", "VALUE", "VERSION"],
  }),
};

const ORDERS: Readonly<Record<string, RangeRequest_SortOrder>> = {
  "": RangeRequest_SortOrder.NONE,
  ASCEND: RangeRequest_SortOrder.ASCEND,
  DESCEND: RangeRequest_SortOrder.DESCEND,
};

const TARGETS: Readonly<Record<string, RangeRequest_SortTarget>> = {
  "": RangeRequest_SortTarget.KEY,
  CREATE: RangeRequest_SortTarget.CREATE,
  KEY: RangeRequest_SortTarget.KEY,
  MODIFY: RangeRequest_SortTarget.MOD,
  VALUE: RangeRequest_SortTarget.VALUE,
  VERSION: RangeRequest_SortTarget.VERSION,
};

export const get: Command = defineCommand({
  usage: "[options] <key> [range_end]",
  flags: GET_FLAGS,
  run: async (context, args, flags) => {
    const request = rangeRequest(args, flags);
    const format = context.settings["write-out"];
    if (flags["count-only"] && format !== "fields" && format !== "json") {
      throw badArguments("--count-only is only for `--write-out=fields` or `--write-out=json`");
    }
    if (flags["print-value-only"] && format !== "simple") {
      throw badArguments("print-value-only is only for `--write-out=simple`");
    }
    const client = await context.client();
    const response = await client.rpc.kv.range(request, context.call());
    const { hex } = context.settings;
    context.print(rangeReport(response, { hex, valueOnly: flags["print-value-only"] }));
    return undefined;
  },
});

/** Errors: `CommandFailure` for arguments that make no request. */
export function rangeRequest(args: readonly string[], flags: GetFlags): MessageInitShape<typeof RangeRequestSchema> {
  const [key, end] = args;
  if (key === undefined) {
    throw badArguments("get command needs one argument as key and an optional argument as range_end");
  }
  if (flags["keys-only"] && flags["count-only"]) {
    throw badArguments("`--keys-only` and `--count-only` cannot be set at the same time, choose one");
  }
  const { consistency, order, "sort-by": target } = flags;
  if (consistency !== "l" && consistency !== "s") throw badFeature(`unknown consistency flag "${consistency}"`);
  const range = rangeOf({ key, end, isPrefix: flags.prefix, isFromKey: flags["from-key"] });
  const sortOrder = ORDERS[order.toUpperCase()];
  if (sortOrder === undefined) throw badFeature(`bad sort order ${order}`);
  const sortTarget = TARGETS[target.toUpperCase()];
  if (sortTarget === undefined) throw badFeature(`bad sort target ${target}`);
  // Keys come in this order anyway; asked for it, a server would sort the whole range before it applies the limit.
  const isNatural = sortTarget === RangeRequest_SortTarget.KEY && sortOrder === RangeRequest_SortOrder.ASCEND;
  return {
    ...range,
    limit: flags.limit,
    revision: flags.rev,
    sortOrder: isNatural ? RangeRequest_SortOrder.NONE : sortOrder,
    sortTarget,
    serializable: consistency === "s",
    keysOnly: flags["keys-only"],
    countOnly: flags["count-only"],
    minModRevision: flags["min-mod-rev"],
    maxModRevision: flags["max-mod-rev"],
    minCreateRevision: flags["min-create-rev"],
    maxCreateRevision: flags["max-create-rev"],
  };
}
