/** The log of the `kvorum` command: pino's lines, redacted, to where the settings say. Read `outputs.ts` and `redact.ts` next. */
import { type Level, pino, stdTimeFunctions } from "pino";
import type { Logger } from "../env.js";
import { LogOutputs, type OutputsOptions } from "./outputs.js";
import { redacting } from "./redact.js";

/** etcd's levels. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "panic" | "fatal";

export interface LogOptions extends OutputsOptions {
  readonly level: LogLevel;
}

export interface ProcessLog {
  readonly logger: Logger;
  /** Undefined when no output is a file. Opens them anew and logs how that went. */
  readonly reopen: (() => void) | undefined;
}

const PINO_LEVELS: Readonly<Record<LogLevel, Level>> = {
  debug: "debug",
  info: "info",
  warn: "warn",
  error: "error",
  panic: "fatal",
  fatal: "fatal",
};

/** Errors: `LogOutputError` for a file that cannot be written. */
export function openLog({ level, ...options }: LogOptions): ProcessLog {
  const outputs = new LogOutputs(options);
  const lines = pino(
    {
      level: PINO_LEVELS[level],
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    outputs,
  );
  const logger = redacting(lines);
  return { logger, reopen: outputs.hasFiles ? () => reopen(outputs, logger) : undefined };
}

function reopen(outputs: LogOutputs, logger: Logger): void {
  const failures = outputs.reopen();
  for (const failure of failures) logger.error({}, `the log goes on where it was: ${failure}`);
  if (failures.length === 0) logger.info({}, "the files of the log were opened anew");
}
