/** `elect`: campaigns for leadership and holds it, or with `-l` prints who leads, now and after every change. */
import { bytes, type Client } from "@kvorum/client";
import { Election } from "@kvorum/concurrency";
import type { RangeResponse } from "@kvorum/proto";
import { type Command, type Context, defineCommand } from "../command.js";
import { messageOf } from "../errors.js";
import { badArguments, CommandFailure, EXIT } from "../failure.js";
import { onOff } from "../flags.js";
import { rangeReport } from "../output/pairs.js";
import { openSession } from "../session.js";
import { tellUnreached } from "../unreached.js";
import { untilAborted } from "./lock.js";

export const elect: Command = defineCommand({
  usage: "<election-name> [proposal]",
  description: "Leads until Ctrl-C or SIGTERM, and resigns then.",
  flags: { listen: onOff("observation mode", { short: "l" }) },
  run: async (context, args, { listen }) => {
    const [name, proposal] = args;
    if (name === undefined || args.length > 2) {
      throw badArguments("elect takes one election name argument and an optional proposal argument");
    }
    if (proposal === undefined && !listen) throw badArguments("no proposal argument but -l not set");
    if (proposal !== undefined && listen) throw badArguments("proposal given but -l is set");
    if (proposal === undefined) await observe(context, name);
    else await campaign(context, name, proposal);
    return EXIT.ok;
  },
});

async function campaign(context: Context, name: string, proposal: string): Promise<void> {
  const client = await context.client();
  await using session = await openSession(context, client);
  await using leadership = await new Election(session, name).campaign(proposal, { signal: context.signal });
  print(context, await read(context, client, { key: Buffer.from(leadership.key) }));
  await untilAborted(leadership.signal, context.signal);
  if (context.signal.aborted) return;
  throw new CommandFailure(EXIT.error, `elect: session expired: ${messageOf(leadership.signal.reason)}`);
}

async function observe(context: Context, name: string): Promise<void> {
  const client = await context.client();
  await tellUnreached(context, client);
  const { signal } = context;
  for await (const leader of new Election(client, name, { codec: bytes }).observe({ signal })) {
    if (leader === undefined) continue;
    const request = { key: Buffer.from(leader.key), revision: leader.revision };
    print(context, await read(context, client, request));
  }
  if (!signal.aborted) throw new CommandFailure(EXIT.error, "elect: observer lost");
}

function read(
  context: Context,
  client: Client,
  request: { readonly key: Uint8Array; readonly revision?: bigint },
): Promise<RangeResponse> {
  return client.rpc.kv.range(request, context.call());
}

function print(context: Context, response: RangeResponse): void {
  context.print(rangeReport(response, { hex: context.settings.hex }));
}
