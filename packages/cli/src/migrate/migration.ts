/**
 * A live cluster's key space, carried over to another cluster while it is written to. In the order of what happens: the target is
 * looked at, leases and a copy at one revision, then the changes since then, then a comparison of both. Read `copy.ts`, `follow.ts`,
 * `marker.ts`.
 *
 * What is carried over is keys, values, leases, users and roles. Revisions and versions are the target's own.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CompactedError, type KeyRange } from "@kvorum/client";
import { Changes } from "./changes.js";
import { type CopyResult, copyAt } from "./copy.js";
import { type ContentDigest, digestAt } from "./digest.js";
import { follow } from "./follow.js";
import { TargetLeases } from "./leases.js";
import { type Marker, markerChange, readMarker, removeMarker } from "./marker.js";
import { type ByteRange, byteRange, survey } from "./pairs.js";
import type { Side } from "./side.js";

/** `level`: until the target has what the source had when the copy was done. `cut-over`: until told. `copy`: the copy alone. */
export type Extent = "copy" | "level" | "cut-over";

export interface MigrationOptions {
  readonly source: Side;
  readonly target: Side;
  readonly range: KeyRange;
  /** The prefix that the range stands for. */
  readonly prefix: Uint8Array;
  readonly extent: Extent;
  /** Makes a target that holds something equal to the source. */
  readonly overwrite: boolean;
  /** Done before anything is copied, once the target has been found to be usable. */
  readonly prepare: () => Promise<void>;
  /** Aborts when it is time to cut over. */
  readonly cutOver: AbortSignal;
  readonly report: MigrationReport;
}

export interface MigrationReport {
  started(source: bigint, target: bigint, resumedAt: bigint | undefined): void;
  copying(keys: bigint, revision: bigint): void;
  key(): void;
  copied(result: CopyResult, leases: number): void;
  /** The target is the source as of `revision`; `behind` revisions are known to be missing. */
  followed(revision: bigint, behind: bigint, changes: number): void;
  verifying(revision: bigint): void;
}

export interface MigrationResult extends ContentDigest {
  /** The source's revision at which both are equal. */
  readonly revision: bigint;
}

/** The target cannot be used as it is, or the two do not come to be equal. Nothing was changed in the first case. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/** Looks at the source and renews leases this often. */
const PERIOD_MS = 1_000;
/** Something else writes into the target, or leases end faster than they are compared. */
const COMPARISONS_MAX = 5;

export class Migration {
  readonly #options: MigrationOptions;
  readonly #range: ByteRange;
  readonly #leases: TargetLeases;
  readonly #changes: Changes;

  constructor(options: MigrationOptions) {
    const { source, target, range, extent } = options;
    this.#options = options;
    this.#range = byteRange(range);
    this.#leases = new TargetLeases(source, target, extent === "copy" ? "remaining" : "granted");
    this.#changes = new Changes(target, this.#leases);
  }

  /**
   * Resolves when both sides were found to be equal. Errors: `MigrationError`; what `Side.patiently` rejects with. Begin again
   * with the same options: what is done is not done a second time.
   */
  async run(): Promise<MigrationResult> {
    const { target, extent, prepare, report } = this.#options;
    const marker = await this.#begin();
    await prepare();
    const keeper = extent === "copy" ? undefined : this.#keepLeases();
    try {
      await this.#leases.copyAll();
      let revision = marker.revision ?? (await this.#copy(marker));
      if (extent !== "copy") revision = await this.#follow(marker, revision);
      for (let comparison = 1; ; comparison++) {
        report.verifying(revision);
        const digest = await this.#compare(revision);
        if (digest !== undefined) {
          if (extent !== "copy") await this.#leases.renewAll();
          await removeMarker(target);
          return { ...digest, revision };
        }
        if (comparison === COMPARISONS_MAX) {
          throw new MigrationError(
            "the two clusters do not come to be equal: something else writes into the target, or leases end faster than they are compared",
          );
        }
        revision = await this.#copy(marker);
      }
    } finally {
      await keeper?.stop();
    }
  }

  /** The marker that this run goes on from. */
  async #begin(): Promise<Marker> {
    const { source, target, prefix, overwrite, report } = this.#options;
    const [from, to] = await Promise.all([survey(source, this.#range), survey(target, this.#range)]);
    if (from.clusterId === to.clusterId) {
      throw new MigrationError(`source and target are the same cluster, ${from.clusterId.toString(16)}`);
    }
    const wanted = { source: from.clusterId.toString(16), prefix: Buffer.from(prefix).toString("base64") };
    const found = await readMarker(target);
    if (found !== undefined && (found.source !== wanted.source || found.prefix !== wanted.prefix) && !overwrite) {
      throw new MigrationError(
        `the target is in the middle of a migration from cluster ${found.source}` +
          `${found.prefix === "" ? "" : ` of keys that start with ${Buffer.from(found.prefix, "base64")}`}: ` +
          "finish that one, or begin anew with --overwrite",
      );
    }
    const isOurs = found?.source === wanted.source && found.prefix === wanted.prefix;
    if (!isOurs && to.count > 0n && !overwrite) {
      throw new MigrationError(
        `the target holds ${to.count} keys: give an empty one, or --overwrite to make it equal to the source, which deletes ` +
          "every key that the source does not have",
      );
    }
    const marker = { ...wanted, revision: isOurs ? found.revision : undefined };
    report.started(from.clusterId, to.clusterId, marker.revision);
    if (!isOurs) await this.#changes.flush(markerChange(marker));
    return marker;
  }

  /** At a revision of its own choice, which it resolves with. */
  async #copy(marker: Marker): Promise<bigint> {
    const { source, target, report } = this.#options;
    for (;;) {
      // What waits is older than what is read now.
      await this.#changes.flush();
      const { revision, count } = await survey(source, this.#range);
      report.copying(count, revision);
      try {
        const result = await copyAt({
          ...{ source, target, range: this.#range, changes: this.#changes, revision },
          onKey: () => report.key(),
        });
        await this.#changes.flush(markerChange({ ...marker, revision }));
        report.copied(result, this.#leases.count);
        return revision;
      } catch (error) {
        // The source has given up the revision. What is here already is found to be alike.
        if (!(error instanceof CompactedError)) throw error;
      }
    }
  }

  /** Until the extent is reached; with the source's revision that the target then has. */
  async #follow(marker: Marker, from: bigint): Promise<bigint> {
    const { source, extent, cutOver, report } = this.#options;
    let [reached, known, goal] = [from, from, undefined as bigint | undefined];
    const wake = new AbortController();
    const look = async (): Promise<void> => {
      known = (await survey(source, this.#range)).revision;
      report.followed(reached, known > reached ? known - reached : 0n, 0);
    };
    const watching = (async () => {
      await look();
      while (extent === "cut-over" && !cutOver.aborted && !wake.signal.aborted) {
        await pause(cutOver, wake.signal);
        if (!wake.signal.aborted) await look();
      }
      goal = known;
      wake.abort();
    })();
    // It is awaited below; a failure ends the migration there.
    watching.catch(() => wake.abort());
    try {
      for (;;) {
        try {
          reached = await follow({
            ...{ source, range: this.#range, changes: this.#changes, marker, from: reached },
            until: () => goal,
            wake: wake.signal,
            onRevision: (revision, changes) => {
              reached = revision;
              report.followed(revision, known > revision ? known - revision : 0n, changes);
            },
          });
          await watching;
          return reached;
        } catch (error) {
          if (!(error instanceof CompactedError)) throw error;
          reached = await this.#copy(marker);
        }
      }
    } finally {
      wake.abort();
      await watching.catch(() => undefined);
    }
  }

  /** Undefined where they differ, or where the source has given up the revision meanwhile. */
  async #compare(revision: bigint): Promise<ContentDigest | undefined> {
    const { source, target } = this.#options;
    const there = await survey(target, this.#range);
    try {
      const [wanted, found] = await Promise.all([
        digestAt(source, this.#range, revision),
        digestAt(target, this.#range, there.revision),
      ]);
      return wanted.sha256 === found.sha256 ? found : undefined;
    } catch (error) {
      if (error instanceof CompactedError) return undefined;
      throw error;
    }
  }

  #keepLeases(): { stop(): Promise<void> } {
    const stopped = new AbortController();
    const loop = (async () => {
      while (!stopped.signal.aborted) {
        await pause(stopped.signal, this.#options.source.signal);
        if (!stopped.signal.aborted) await this.#leases.renewDue();
      }
    })();
    // A side that does not answer fails the migration where it is asked for keys.
    const ended = loop.catch(() => undefined);
    return {
      stop: async () => {
        stopped.abort();
        await ended;
      },
    };
  }
}

/** A period, or less where one of the signals aborts. */
async function pause(...signals: readonly AbortSignal[]): Promise<void> {
  await sleep(PERIOD_MS, undefined, { signal: AbortSignal.any([...signals]) }).catch(() => undefined);
}
