/** What a text arms, when it bites, and what is wrong with a text that arms nothing. */
import { describe, expect, it } from "vitest";
import type { Failpoints, Logger } from "../env.js";
import type { FailpointSite } from "../failpoint-sites.js";
import { armFailpoints, FailpointsTextError } from "./failpoints.js";

interface Armed {
  readonly failpoints: Failpoints;
  /** What the failpoints did, in order. */
  readonly done: (number | "exit")[];
  readonly warnings: object[];
}

function armed(text: string): Armed {
  const done: Armed["done"] = [];
  const warnings: object[] = [];
  const logger: Logger = { debug() {}, info() {}, warn: (fields) => warnings.push(fields), error() {} };
  const effects = { exit: () => void done.push("exit"), sleep: (ms: number) => void done.push(ms) };
  return { failpoints: armFailpoints(text, logger, effects), done, warnings };
}

/** The hits, counted from 1, at which something happened. */
function bitten(text: string, site: FailpointSite, hits: number): number[] {
  const { failpoints, done } = armed(text);
  return Array.from({ length: hits }, (_, i) => i + 1).filter(() => {
    const before = done.length;
    failpoints.hit(site);
    return done.length > before;
  });
}

describe("armed failpoints", () => {
  it("end the process at the hit that was named, and only there", () => {
    const { failpoints, done } = armed("raft-before-save=exit@3");
    failpoints.hit("raft-before-save");
    failpoints.hit("raft-after-save");
    failpoints.hit("raft-before-save");
    expect(done).toEqual([]);
    failpoints.hit("raft-before-save");
    expect(done).toEqual(["exit"]);
    failpoints.hit("raft-before-save");
    expect(done).toEqual(["exit"]);
  });

  it("sleep as long as was said, at every hit when no hit is named, and each part for itself", () => {
    const { failpoints, done } = armed(" apply-after-entry=sleep(300)@2; apply-after-entry=sleep(7) ;");
    for (let i = 0; i < 3; i++) failpoints.hit("apply-after-entry");
    expect(done).toEqual([7, 300, 7, 7]);
  });

  it("bite at about as many of a thousand hits as was said, and at the same ones with the same seed", () => {
    const bites = (seed: number): number[] => bitten(`wal-after-sync=exit%100;seed=${seed}`, "wal-after-sync", 10_000);
    expect(bites(5).length).toBeGreaterThan(850);
    expect(bites(5).length).toBeLessThan(1150);
    expect(bites(5)).toEqual(bites(5));
    expect(bites(6)).not.toEqual(bites(5));
    expect(bitten("wal-after-sync=exit%100", "wal-after-sync", 1000)).toEqual(bites(1).filter((hit) => hit <= 1000));
    expect(bitten("wal-after-sync=exit%1000", "wal-after-sync", 3)).toEqual([1, 2, 3]);
  });

  it("say so the first time", () => {
    const { failpoints, warnings } = armed("wal-after-sync=sleep(1);wal-before-sync=exit@2");
    for (let i = 0; i < 3; i++) failpoints.hit("wal-after-sync");
    for (let i = 0; i < 2; i++) failpoints.hit("wal-before-sync");
    expect(warnings).toEqual([
      { site: "wal-after-sync", hits: 1, sleepMs: 1 },
      { site: "wal-before-sync", hits: 2, sleepMs: undefined },
    ]);
  });

  it("hold the thread while they sleep", () => {
    const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
    const startMs = performance.now();
    armFailpoints("wal-after-sync=sleep(30)", logger).hit("wal-after-sync");
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(29);
  });

  it("are refused with the part that is wrong and why", () => {
    const refused: [string, string][] = [
      [
        "wal-after-sync=exit@1;raft-befor-save=exit",
        '"raft-befor-save=exit" arms no failpoint: there is no failpoint raft-befor-save',
      ],
      ["wal-after-sync=sleep(1)@0", '"wal-after-sync=sleep(1)@0" arms no failpoint: hits are counted from 1'],
      [
        "wal-after-sync=exit%1001",
        '"wal-after-sync=exit%1001" arms no failpoint: of a thousand hits there are 1 to 1000',
      ],
      ["wal-after-sync", '"wal-after-sync" arms no failpoint: write site=exit or site=sleep(ms)'],
      ["wal-after-sync=sleep", '"wal-after-sync=sleep" arms no failpoint: write site=exit or site=sleep(ms)'],
      ["wal-after-sync=panic", '"wal-after-sync=panic" arms no failpoint: write'],
      ["wal-after-sync=exit@2x", '"wal-after-sync=exit@2x" arms no failpoint: write'],
      ["wal-after-sync=exit,wal-before-sync=exit", "arms no failpoint: write"],
      ["seed=x", '"seed=x" arms no failpoint: write'],
    ];
    for (const [text, message] of refused) {
      expect(() => armed(text), text).toThrow(FailpointsTextError);
      expect(() => armed(text), text).toThrow(message);
    }
  });
});
