/** `lease grant`, `revoke`, `timetolive`, `keep-alive` and `list`. Ids are hex on the command line. */
import { isEtcdError } from "@kvorum/client";
import type { LeaseKeepAliveResponse } from "@kvorum/proto";
import { onStreamAnswers } from "../answers.js";
import { type Command, type Context, defineCommand } from "../command.js";
import { messageOf } from "../errors.js";
import { badArguments, CommandFailure, EXIT } from "../failure.js";
import { onOff } from "../flags.js";
import { NumberTextError, parseInt64 } from "../numbers.js";
import {
  grantReport,
  keepAliveReport,
  leasesReport,
  leaseText,
  revokeReport,
  timeToLiveReport,
} from "../output/leases.js";

const KEEP_ALIVE = "/etcdserverpb.Lease/LeaseKeepAlive";

export const leaseGrant: Command = defineCommand({
  usage: "<ttl>",
  flags: {},
  run: async (context, args) => {
    const [text] = args;
    if (text === undefined || args.length !== 1) throw badArguments("lease grant command needs TTL argument");
    const ttl = readNumber(text, 10, (why) => `bad TTL (${why})`);
    const client = await context.client();
    const response = await failing("failed to grant lease", EXIT.error, () =>
      client.rpc.lease.leaseGrant({ TTL: ttl }, context.call()),
    );
    context.print(grantReport(response));
    return undefined;
  },
});

export const leaseRevoke: Command = defineCommand({
  usage: "<leaseID>",
  flags: {},
  run: async (context, args) => {
    const [text] = args;
    if (text === undefined || args.length !== 1) throw badArguments("lease revoke command needs 1 argument");
    const id = readId(text);
    const client = await context.client();
    const response = await failing("failed to revoke lease", EXIT.error, () =>
      client.rpc.lease.leaseRevoke({ ID: id }, context.call()),
    );
    context.print(revokeReport(id, response));
    return undefined;
  },
});

export const leaseTimeToLive: Command = defineCommand({
  usage: "<leaseID> [options]",
  flags: { keys: onOff("Get keys attached to this lease") },
  run: async (context, args, { keys }) => {
    const id = onlyId(args, "lease timetolive");
    const client = await context.client();
    const response = await failing(undefined, EXIT.badConnection, () =>
      client.rpc.lease.leaseTimeToLive({ ID: id, keys }, context.call()),
    );
    context.print(timeToLiveReport(response, keys));
    return undefined;
  },
});

export const leaseKeepAlive: Command = defineCommand({
  usage: "[options] <leaseID>",
  flags: { once: onOff("Resets the keep-alive time to its original value and exits immediately") },
  run: async (context, args, { once }) => {
    const id = onlyId(args, "lease keep-alive");
    if (once) await keepAliveOnce(context, id);
    else await keepAlive(context, id);
    return undefined;
  },
});

export const leaseList: Command = defineCommand({
  usage: "",
  flags: {},
  run: async (context) => {
    const client = await context.client();
    const response = await failing(undefined, EXIT.badConnection, () =>
      client.rpc.lease.leaseLeases({}, context.call()),
    );
    context.print(leasesReport(response));
    return undefined;
  },
});

async function keepAliveOnce(context: Context, id: bigint): Promise<void> {
  let answer: LeaseKeepAliveResponse | undefined;
  const client = await context.clientWith({
    rpcMiddleware: [
      onStreamAnswers((path, message) => {
        if (path === KEEP_ALIVE) answer = message as LeaseKeepAliveResponse;
      }),
    ],
  });
  await failing(undefined, EXIT.badConnection, () => client.lease.keepAliveOnce(id, context.call()));
  if (answer !== undefined) context.print(keepAliveReport(answer));
}

/** Prints each renewal, until the lease is gone or we are told to end. Then the lease is left to run out. */
async function keepAlive(context: Context, id: bigint): Promise<void> {
  const { signal, terminal } = context;
  // What cannot be printed ends the renewals.
  const broken = new AbortController();
  const client = await context.clientWith({
    leasesOnClose: "release",
    rpcMiddleware: [
      onStreamAnswers((path, message) => {
        const answer = message as LeaseKeepAliveResponse;
        if (path !== KEEP_ALIVE || answer.TTL <= 0n) return;
        try {
          context.print(keepAliveReport(answer));
        } catch (error) {
          broken.abort(error);
        }
      }),
    ],
  });
  try {
    const lease = await client.lease.adopt(id, { signal });
    await new Promise<void>((resolve) => {
      for (const end of [lease.signal, signal, broken.signal]) {
        if (end.aborted) resolve();
        end.addEventListener("abort", () => resolve(), { once: true });
      }
    });
    lease.release();
    broken.signal.throwIfAborted();
    signal.throwIfAborted();
  } catch (error) {
    if (!isEtcdError(error, "lease-not-found")) throw error;
  }
  terminal.out(`lease ${leaseText(id)} expired or revoked.\n`);
}

function onlyId(args: readonly string[], command: string): bigint {
  const [text] = args;
  if (text === undefined || args.length !== 1) throw badArguments(`${command} command needs lease ID as argument`);
  return readId(text);
}

function readId(text: string): bigint {
  return readNumber(text, 16, (why) => `bad lease ID arg (${why}), expecting ID in Hex`);
}

function readNumber(text: string, base: 10 | 16, explain: (why: string) => string): bigint {
  try {
    return parseInt64(text, base);
  } catch (error) {
    if (!(error instanceof NumberTextError)) throw error;
    throw badArguments(explain(error.message));
  }
}

/** The call, with the exit code that etcdctl has for its failure, and what it says around the server's words. */
async function failing<T>(prefix: string | undefined, code: number, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isEtcdError(error)) throw error;
    const message = messageOf(error);
    throw new CommandFailure(code, prefix === undefined ? message : `${prefix} (${message})`, error);
  }
}
