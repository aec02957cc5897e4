#!/usr/bin/env node
/**
 * The `kvorum` command: reads flags, environment and configuration file, runs one node, stops it on a signal. Exit codes:
 * 0 after a clean stop, 1 when the node could not start or failed, 2 for a mistake in the settings.
 */
import { readCommandLine } from "./config/command-line.js";
import { configure, type ProcessConfig } from "./config/config.js";
import { UsageError } from "./config/values.js";
import type { Failpoints, Logger } from "./env.js";
import { armFailpoints, FailpointsTextError } from "./io/failpoints.js";
import { openLog, type ProcessLog } from "./log/logger.js";
import { LogOutputError } from "./log/outputs.js";
import type { KvorumNode } from "./server.js";
import { versionText } from "./version.js";

/** For tests on real processes; `io/failpoints.ts` says how it is written. No flag and not etcd's, so it has no place in the help. */
const FAILPOINTS_VARIABLE = "KVORUM_FAILPOINTS";

await main();

async function main(): Promise<void> {
  const line = readCommandLine(process.argv.slice(2), process.env, versionText());
  if (line.kind === "exit") {
    (line.code === 0 ? process.stdout : process.stderr).write(line.output);
    process.exitCode = line.code;
    return;
  }
  let config: ProcessConfig;
  let log: ProcessLog;
  let failpoints: Failpoints | undefined;
  try {
    config = configure(line.settings);
    log = openLog(config.log);
    for (const warning of [...line.warnings, ...config.warnings]) log.logger.warn({}, warning);
    failpoints = failpointsOf(process.env[FAILPOINTS_VARIABLE], log.logger);
  } catch (error) {
    if (error instanceof FailpointsTextError)
      return fail(new UsageError(`${FAILPOINTS_VARIABLE}: ${error.message}`), 2);
    if (error instanceof UsageError || error instanceof LogOutputError) return fail(error, 2);
    throw error;
  }
  // Without files it ends the process, as the end of its terminal should.
  if (log.reopen !== undefined) process.on("SIGHUP", log.reopen);
  await run(config, log.logger, failpoints);
}

/** An empty variable counts as unset. */
function failpointsOf(text: string | undefined, logger: Logger): Failpoints | undefined {
  if (text === undefined || text === "") return undefined;
  const failpoints = armFailpoints(text, logger);
  logger.warn({ failpoints: text }, `${FAILPOINTS_VARIABLE} is set: this node fails on purpose`);
  return failpoints;
}

async function run(
  { node: options, log }: ProcessConfig,
  logger: Logger,
  failpoints: Failpoints | undefined,
): Promise<void> {
  const signal = new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) {
      // The first one stops the node cleanly, also while it still starts; the second one does not wait.
      process.once(name, () => {
        resolve(name);
        for (const again of ["SIGTERM", "SIGINT"] as const) process.on(again, () => process.exit(1));
      });
    }
  });
  let started: KvorumNode | NodeJS.Signals;
  try {
    // Loaded only now, so that help and mistakes are answered without the weight of the node.
    const { startNodeWith } = await import("./server.js");
    started = await Promise.race([startNodeWith({ ...options, logger }, { failpoints }), signal]);
  } catch (error) {
    if (!log.outputs.includes("stderr")) logger.error({}, explain(error));
    return fail(error, 1);
  }
  if (typeof started === "string") {
    // It may have been waiting for a quorum for hours. Nothing is served yet, and the log survives any end.
    logger.info({ signal: started }, "stopped before the node was ready");
    process.exit(0);
  }
  const node = started;
  const end = await Promise.race([signal, node.failed, node.removed]);
  if (end instanceof Error) {
    logger.error({ stack: end.stack }, `the node has failed: ${end.message}`);
    process.exit(1);
  }
  if (end === undefined)
    logger.warn({}, "this member was removed from the cluster: its data directory is of no more use");
  logger.info({ signal: end }, "stopping");
  await node.close();
  logger.info({}, "stopped");
  process.exit(0);
}

/** One line for a person; the causes that explain it follow on the same line. */
function fail(error: unknown, code: 1 | 2): void {
  process.stderr.write(`kvorum: ${explain(error)}\n`);
  process.exitCode = code;
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  return cause === undefined || error.message.includes(cause) ? error.message : `${error.message} (${cause})`;
}
