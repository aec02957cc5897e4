/** `endpoint`: how single members are. Each is asked with a connection of its own; who does not answer is told of and left out. */
import type { Client } from "@kvorum/client";
import { AlarmType, HashKVResponseSchema } from "@kvorum/proto";
import { type Command, type Context, defineCommand } from "../command.js";
import { askEach, CLUSTER_FLAG, chosenEndpoints, exitCodeOf } from "../endpoints.js";
import { messageOf } from "../errors.js";
import { CommandFailure, EXIT } from "../failure.js";
import { int64 } from "../flags.js";
import { fieldLine, headerFields } from "../output/fields.js";
import { goDuration } from "../output/go-text.js";
import { type JsonValue, messageJson } from "../output/json.js";
import { statusReport } from "../output/status-report.js";

interface Health {
  readonly endpoint: string;
  readonly healthy: boolean;
  readonly took: string;
  /** Empty where nothing is wrong. */
  readonly error: string;
}

export const endpointHealth: Command = defineCommand({
  usage: "[options]",
  description: "Each endpoint serves one linearizable read, and its cluster has no alarm.",
  flags: { cluster: CLUSTER_FLAG },
  run: async (context, _args, { cluster }) => {
    const endpoints = await chosenEndpoints(context, cluster);
    const found = await Promise.all(endpoints.map((endpoint) => healthOf(context, endpoint)));
    if (context.settings["write-out"] === "simple") {
      // On standard error, where etcdctl has it.
      for (const health of found) context.terminal.error(`${healthSentence(context, health)}\n`);
    } else context.print(healthReport(found));
    if (found.some(({ healthy }) => !healthy)) throw new CommandFailure(EXIT.error, "unhealthy cluster");
    return undefined;
  },
});

export const endpointStatus: Command = defineCommand({
  usage: "[options]",
  description:
    "In the simple format a line is: endpoint, ID, version, db size, is leader, is learner, raft term, raft index, raft applied " +
    "index, errors. The table and the fields have more where the server gives it: sizes in use, quota, storage version, downgrade.",
  flags: { cluster: CLUSTER_FLAG },
  run: async (context, _args, { cluster }) => {
    const { answers, failure } = await askEach(
      context,
      await chosenEndpoints(context, cluster),
      (client) => client.rpc.maintenance.status({}, context.call()),
      (endpoint, reason) => `Failed to get the status of endpoint ${endpoint} (${reason})`,
    );
    context.print(statusReport(answers));
    return exitCodeOf(failure);
  },
});

export const endpointHashKv: Command = defineCommand({
  usage: "[options]",
  description: "Members with the same history have the same hash, as far as they were compacted alike.",
  flags: { cluster: CLUSTER_FLAG, rev: int64("maximum revision to hash (default: latest revision)") },
  run: async (context, _args, { cluster, rev }) => {
    const { answers, failure } = await askEach(
      context,
      await chosenEndpoints(context, cluster),
      (client) => client.rpc.maintenance.hashKV({ revision: rev }, context.call()),
      (endpoint, reason) => `Failed to get the hash of endpoint ${endpoint} (${reason})`,
    );
    if (answers.length > 0 || failure === undefined) {
      context.print({
        simple: (out) => {
          for (const { endpoint, answer } of answers) out.line(`${endpoint}, ${answer.hash}`);
        },
        json: () =>
          answers.map(({ endpoint, answer }) => ({
            Endpoint: endpoint,
            HashKV: messageJson(HashKVResponseSchema, answer),
          })),
        fields: (out) => {
          for (const { endpoint, answer } of answers) {
            headerFields(out, answer.header);
            fieldLine(out, "Endpoint", endpoint);
            fieldLine(out, "Hash", answer.hash);
            out.line();
          }
        },
        table: () => ({
          header: ["Endpoint", "Hash"],
          rows: answers.map(({ endpoint, answer }) => [endpoint, String(answer.hash)]),
        }),
      });
    }
    if (failure !== undefined) throw failure;
    return undefined;
  },
});

async function healthOf(context: Context, endpoint: string): Promise<Health> {
  const began = performance.now();
  const error = await complaintOf(context, endpoint).catch((reason: unknown) => {
    context.signal.throwIfAborted();
    return messageOf(reason);
  });
  return { endpoint, healthy: error === "", took: goDuration(performance.now() - began), error };
}

/** Empty for a member that is well. Who may not read was told so by one that serves. */
async function complaintOf(context: Context, endpoint: string): Promise<string> {
  const client = await context.clientFor([endpoint]);
  try {
    await client.rpc.kv.range({ key: PROBE_KEY }, context.call());
  } catch (error) {
    if ((error as { readonly reason?: unknown }).reason !== "permission-denied") throw error;
  }
  return alarmComplaint(client, context);
}

/** Any key does, and it need not exist; etcdctl reads this one. */
const PROBE_KEY: Uint8Array = new TextEncoder().encode("health");

async function alarmComplaint(client: Client, context: Context): Promise<string> {
  try {
    const { alarms } = await client.rpc.maintenance.alarm({}, context.call());
    const names = alarms.map(({ alarm }) => AlarmType[alarm]);
    return names.length === 0 ? "" : `Active Alarm(s): ${names.map((name) => `${name} `).join("")}`;
  } catch {
    context.signal.throwIfAborted();
    return "Unable to fetch the alarm list";
  }
}

function healthSentence({ terminal }: Context, { endpoint, healthy, took, error }: Health): string {
  return healthy
    ? `${endpoint} is ${terminal.paint("healthy", "green")}: successfully committed proposal: took = ${took}`
    : `${endpoint} is ${terminal.paint("unhealthy", "red")}: failed to commit proposal: ${error}`;
}

function healthReport(found: readonly Health[]): Parameters<Context["print"]>[0] {
  return {
    simple: () => undefined,
    json: () =>
      found.map(
        ({ endpoint, healthy, took, error }): JsonValue => ({
          ...{ endpoint, health: healthy, took },
          error: error === "" ? undefined : error,
        }),
      ),
    fields: (out) => {
      for (const { endpoint, healthy, took, error } of found) {
        fieldLine(out, "Endpoint", endpoint);
        fieldLine(out, "Health", healthy);
        out.line(`"Took" : ${took}`);
        out.line(`"Error" : ${error}`);
        out.line();
      }
    },
    table: () => ({
      header: ["Endpoint", "Health", "Took", "Error"],
      rows: found.map(({ endpoint, healthy, took, error }) => [endpoint, String(healthy), took, error]),
    }),
  };
}
