/** What of the history is kept: `--auto-compaction-retention`, which `--auto-compaction-mode` says how to read. */
import { flagOf, type Settings } from "./flags.js";
import { duration, UsageError, ValueError } from "./values.js";

/** How much history automatic compaction keeps. */
export type AutoCompaction =
  | { readonly mode: "periodic"; readonly retentionMs: number }
  | { readonly mode: "revision"; readonly retentionRevisions: number };

const HOUR_MS = 3_600_000;

/** Undefined when everything is kept. Errors: `UsageError`. */
export function autoCompaction(settings: Settings): AutoCompaction | undefined {
  const retention = settings.autoCompactionRetention;
  const number = /^\d+$/.test(retention) ? Number(retention) : undefined;
  if (number === 0) return undefined;
  if (settings.autoCompactionMode === "revision") {
    if (number !== undefined && Number.isSafeInteger(number)) return { mode: "revision", retentionRevisions: number };
    return refuse(retention, "a number of revisions");
  }
  if (number !== undefined) return { mode: "periodic", retentionMs: number * HOUR_MS };
  try {
    const retentionMs = duration(retention);
    return retentionMs === 0 ? undefined : { mode: "periodic", retentionMs };
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return refuse(retention, "hours or a duration such as 30m");
  }
}

function refuse(retention: string, allowed: string): never {
  throw new UsageError(
    `${flagOf("autoCompactionRetention")}: ${JSON.stringify(retention)} is not allowed, give ${allowed}`,
  );
}
