/** One line of a transaction's requests: `put key value`, `get`, `del` with the flags that the commands of these names have. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RequestOpSchema } from "@kvorum/proto";
import { parseArguments } from "../command-line.js";
import { DEL_FLAGS, deleteRequest } from "../commands/del.js";
import { GET_FLAGS, rangeRequest } from "../commands/get.js";
import { PUT_FLAGS, putRequest } from "../commands/put.js";
import { CommandFailure, EXIT } from "../failure.js";
import type { Flags, FlagValues } from "../flags.js";
import { wordsOf } from "../words.js";

type RequestInit = MessageInitShape<typeof RequestOpSchema>;

/** Errors: `CommandFailure`, with exit code 3 for a line that cannot be read. */
export async function parseRequest(line: string): Promise<RequestInit> {
  const [verb = "", ...words] = wordsOf(line);
  if (words.length === 0) throw new CommandFailure(EXIT.invalidInput, `invalid txn compare request: ${line}`);
  switch (verb) {
    case "get": {
      const { args, flags } = read(line, words, GET_FLAGS);
      return { request: { case: "requestRange", value: rangeRequest(args, flags) } };
    }
    case "put": {
      const { args, flags } = read(line, words, PUT_FLAGS);
      // Standard input holds the transaction itself: there is no value to read from it.
      return { request: { case: "requestPut", value: await putRequest(args, flags, async () => new Uint8Array()) } };
    }
    case "del": {
      const { args, flags } = read(line, words, DEL_FLAGS);
      return { request: { case: "requestDeleteRange", value: deleteRequest(args, flags) } };
    }
    default:
      throw unreadable(line);
  }
}

function read<F extends Flags>(
  line: string,
  words: readonly string[],
  flags: F,
): { readonly args: readonly string[]; readonly flags: FlagValues<F> } {
  try {
    const { args, given } = parseArguments(words, flags);
    const fallbacks = Object.entries(flags).map(([name, flag]) => [name, flag.fallback]);
    // Every flag of the table has its value now, read by itself or its fallback.
    return { args, flags: { ...Object.fromEntries(fallbacks), ...given } as FlagValues<F> };
  } catch (error) {
    if (error instanceof CommandFailure) throw unreadable(line);
    throw error;
  }
}

function unreadable(line: string): CommandFailure {
  return new CommandFailure(EXIT.invalidInput, `invalid txn request: ${line}`);
}
