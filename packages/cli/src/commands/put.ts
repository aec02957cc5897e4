/** `put`: stores one key. Its arguments are those of a `put` inside a transaction too. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PutRequestSchema } from "@kvorum/proto";
import { type Command, defineCommand } from "../command.js";
import { badArguments } from "../failure.js";
import { type FlagsFor, onOff, text } from "../flags.js";
import { NumberTextError, parseInt64 } from "../numbers.js";
import { putReport } from "../output/pairs.js";
import { readAll } from "../standard-input.js";

export interface PutFlags {
  readonly "ignore-lease": boolean;
  readonly "ignore-value": boolean;
  readonly lease: string;
  readonly "prev-kv": boolean;
}

export const PUT_FLAGS: FlagsFor<PutFlags> = {
  "ignore-lease": onOff("updates the key using its current lease"),
  "ignore-value": onOff("updates the key using its current value"),
  lease: text("lease ID (in hexadecimal) to attach to the key", { fallback: "0", placeholder: "<id>" }),
  "prev-kv": onOff("return the previous key-value pair before modification"),
};

type PutRequestInit = MessageInitShape<typeof PutRequestSchema>;

const NEEDS = "put command needs 1 argument and input from stdin or 2 arguments";

export const put: Command = defineCommand({
  usage: "[options] <key> <value> (<value> can also be given from stdin)",
  description: [
    "When <value> begins with '-', it would be read as a flag. Insert '--' before it:",
    "",
    "  kvorumctl put <key> -- <value>",
    "  kvorumctl put -- <key> <value>",
    "",
    "Without <value> and --ignore-value the value is read from standard input, whatever bytes it holds:",
    "",
    "  cat file | kvorumctl put <key>",
  ].join("\n"),
  flags: PUT_FLAGS,
  run: async (context, args, flags) => {
    const request = await putRequest(args, flags, () => readAll(context.terminal.stdin, context.signal));
    const client = await context.client();
    const response = await client.rpc.kv.put(request, context.call());
    context.print(putReport(response, { hex: context.settings.hex }));
    return undefined;
  },
});

/**
 * @param readValue what stands for a value that no argument gives
 *
 * Errors: `CommandFailure` for arguments that make no request.
 */
export async function putRequest(
  args: readonly string[],
  flags: PutFlags,
  readValue: () => Promise<Uint8Array>,
): Promise<PutRequestInit> {
  const [key, value] = args;
  if (key === undefined) throw badArguments(NEEDS);
  if (flags["ignore-value"] && value !== undefined) {
    throw badArguments("put command needs only 1 argument when 'ignore-value' is set");
  }
  const bytes = flags["ignore-value"] ? new Uint8Array() : await givenOrRead(value, readValue);
  return {
    key: Buffer.from(key),
    value: bytes,
    lease: leaseOf(flags.lease),
    prevKv: flags["prev-kv"],
    ignoreValue: flags["ignore-value"],
    ignoreLease: flags["ignore-lease"],
  };
}

async function givenOrRead(value: string | undefined, readValue: () => Promise<Uint8Array>): Promise<Uint8Array> {
  if (value !== undefined) return Buffer.from(value);
  const read = await readValue();
  if (read.length === 0) throw badArguments(NEEDS);
  return read;
}

function leaseOf(text: string): bigint {
  try {
    return parseInt64(text, 16);
  } catch (error) {
    if (!(error instanceof NumberTextError)) throw error;
    throw badArguments(`bad lease ID (${error.message}), expecting ID in Hex`);
  }
}
