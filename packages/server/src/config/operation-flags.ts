/** Flags of a node in operation: history, the log, what is worth a warning, and the two for emergencies. */

import type { LogLevel } from "../log/logger.js";
import type { FlagsOf } from "./flag.js";
import { logOutputs } from "./log-outputs.js";
import { boolean, oneOf, text, timerDuration } from "./values.js";

export interface OperationSettings {
  readonly watchProgressNotifyInterval: number;
  readonly autoCompactionMode: "periodic" | "revision";
  readonly autoCompactionRetention: string;
  readonly logLevel: LogLevel;
  readonly logFormat: "json" | "console";
  readonly logOutputs: readonly string[];
  readonly logger: "zap";
  readonly warningUnaryRequestDuration: number;
  readonly warningApplyDuration: number;
  readonly forceNewCluster: boolean;
  readonly unsafeNoFsync: boolean;
}

export const OPERATION_FLAGS: FlagsOf<OperationSettings> = {
  watchProgressNotifyInterval: {
    name: "watch-progress-notify-interval",
    aliases: ["experimental-watch-progress-notify-interval"],
    group: "History",
    placeholder: "<duration>",
    help: "pause between progress notifications on an idle watch; not under 100ms",
    read: timerDuration,
    fallback: 600_000,
    fallbackText: "10m",
    isDuration: true,
  },
  autoCompactionMode: {
    name: "auto-compaction-mode",
    group: "History",
    placeholder: "<mode>",
    help: "what the retention counts: periodic (time) or revision",
    read: oneOf("periodic", "revision"),
    fallback: "periodic",
  },
  autoCompactionRetention: {
    name: "auto-compaction-retention",
    group: "History",
    placeholder: "<amount>",
    help: "history to keep: a duration (a bare number is hours) or a count of revisions; 0 keeps all",
    read: text,
    fallback: "0",
  },
  logLevel: {
    name: "log-level",
    group: "Logging",
    placeholder: "<level>",
    help: "debug, info, warn, error, panic or fatal",
    read: oneOf("debug", "info", "warn", "error", "panic", "fatal"),
    fallback: "info",
  },
  logFormat: {
    name: "log-format",
    group: "Logging",
    placeholder: "<format>",
    help: "json, or console for people",
    read: oneOf("json", "console"),
    fallback: "json",
  },
  logOutputs: {
    name: "log-outputs",
    group: "Logging",
    placeholder: "<outputs>",
    help: "stderr, stdout and paths of files, comma-separated; SIGHUP opens the files anew",
    read: logOutputs,
    fallback: ["stderr"],
  },
  logger: {
    name: "logger",
    group: "Logging",
    placeholder: "<kind>",
    help: "accepted for etcd's sake, and without effect",
    read: oneOf("zap"),
    fallback: "zap",
  },
  warningUnaryRequestDuration: {
    name: "warning-unary-request-duration",
    aliases: ["experimental-warning-unary-request-duration"],
    group: "Logging",
    placeholder: "<duration>",
    help: "log a request that takes longer",
    read: timerDuration,
    fallback: 300,
    fallbackText: "300ms",
    isDuration: true,
  },
  warningApplyDuration: {
    name: "warning-apply-duration",
    aliases: ["experimental-warning-apply-duration"],
    group: "Logging",
    placeholder: "<duration>",
    help: "log an entry that takes longer to apply",
    read: timerDuration,
    fallback: 100,
    fallbackText: "100ms",
    isDuration: true,
  },
  forceNewCluster: {
    name: "force-new-cluster",
    group: "Unsafe",
    placeholder: "<bool>",
    help: "make this member a cluster of one, with all its data; every other member is removed for good",
    read: boolean,
    fallback: false,
    isSwitch: true,
  },
  unsafeNoFsync: {
    name: "unsafe-no-fsync",
    group: "Unsafe",
    placeholder: "<bool>",
    help: "acknowledge writes that the disk does not have yet; a power cut loses or damages data",
    read: boolean,
    fallback: false,
    isSwitch: true,
  },
};
