/** `txn`: conditions, requests for when they hold and requests for when they do not, read from standard input. */
import { type Command, defineCommand } from "../command.js";
import { badArguments, CommandFailure, EXIT } from "../failure.js";
import { onOff } from "../flags.js";
import { txnReport } from "../output/pairs.js";
import { Lines } from "../standard-input.js";
import { parseCompare } from "../txn/compare.js";
import { parseRequest } from "../txn/requests.js";

export const txn: Command = defineCommand({
  usage: "[options]",
  description: [
    "Reads three blocks of lines, each ended by an empty line: conditions, requests for when all of them hold, and",
    "requests for when one does not.",
    "",
    '  mod("key1") > "0"            create, mod, version, value or lease, with =, !=, < or >',
    "",
    '  put key1 "overwrote-key1"    get, put and del with their flags',
    "",
    '  put key1 "created-key1"',
    '  put key2 "some extra key"',
  ].join("\n"),
  flags: { interactive: onOff("Input transaction in interactive mode", { short: "i" }) },
  run: async (context, args, { interactive }) => {
    if (args.length !== 0) throw badArguments("txn command does not accept argument");
    const lines = new Lines(context.terminal.stdin, context.signal);
    const ask = (text: string): void => {
      if (interactive) context.terminal.out(`${text}\n`);
    };
    ask("compares:");
    const compare = await readBlock(lines, async (line) => parseCompare(line));
    ask("success requests (get, put, del):");
    const success = await readBlock(lines, parseRequest);
    ask("failure requests (get, put, del):");
    const failure = await readBlock(lines, parseRequest);
    const client = await context.client();
    const response = await client.rpc.kv.txn({ compare, success, failure }, context.call());
    context.print(txnReport(response, { hex: context.settings.hex }));
    return undefined;
  },
});

/** Up to the next empty line. Errors: `CommandFailure` where the input ends before it. */
async function readBlock<T>(lines: Lines, read: (line: string) => Promise<T>): Promise<T[]> {
  const items: T[] = [];
  for (;;) {
    const line = await lines.next();
    if (line === undefined) throw new CommandFailure(EXIT.invalidInput, "EOF");
    if (line.trim() === "") return items;
    items.push(await read(line.trim()));
  }
}
