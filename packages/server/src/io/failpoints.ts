/**
 * Failpoints armed by a text, for tests on real processes:
 *
 *     raft-before-save=exit@37;apply-after-entry=sleep(300)@5;watch-before-send=sleep(20)%10;seed=7
 *
 * Each part is a site, what happens there, and when: `@37` at its 37th hit and only then, `%10` at ten of a thousand hits
 * (drawn from `seed`, 1 when it is not given), at every hit when neither stands there. `exit` ends the process as SIGKILL does:
 * nothing is flushed, closed or said. `sleep(300)` holds the thread, and so the whole node, for 300 ms.
 */

import type { Failpoints, Logger } from "../env.js";
import { FAILPOINT_SITES, type FailpointSite } from "../failpoint-sites.js";

/** A text that does not arm failpoints. The message names the part and what is wrong with it. */
export class FailpointsTextError extends Error {
  override readonly name = "FailpointsTextError";
}

/** What a failpoint does to the process. */
export interface FailpointEffects {
  /** Does not return. */
  exit(): void;
  sleep(ms: number): void;
}

interface Rule {
  readonly site: FailpointSite;
  /** Milliseconds; undefined ends the process. */
  readonly sleepMs: number | undefined;
  /** Whether it bites at this hit, counted from 1. */
  readonly bites: (hit: number) => boolean;
}

type Random = () => number;

const PART = /^(?<site>[a-z-]+)=(?<action>exit|sleep\((?<ms>\d+)\))(?:@(?<hit>\d+)|%(?<perMille>\d+))?$/;
const SEED = /^seed=(?<seed>\d+)$/;

/** Errors: `FailpointsTextError`. The first time that a part bites, it is logged before. */
export function armFailpoints(text: string, logger: Logger, effects: FailpointEffects = PROCESS_EFFECTS): Failpoints {
  const rules = rulesOf(text).map((rule) => ({ ...rule, hits: 0, hasBitten: false }));
  const bySite = new Map(FAILPOINT_SITES.map((site) => [site, rules.filter((rule) => rule.site === site)]));
  return {
    hit(site) {
      for (const rule of bySite.get(site) ?? []) {
        if (!rule.bites(++rule.hits)) continue;
        const { sleepMs, hits } = rule;
        if (!rule.hasBitten) logger.warn({ site, hits, sleepMs }, "a failpoint bites");
        rule.hasBitten = true;
        if (sleepMs === undefined) effects.exit();
        else effects.sleep(sleepMs);
      }
    },
  };
}

const PROCESS_EFFECTS: FailpointEffects = {
  exit() {
    process.kill(process.pid, "SIGKILL");
    block(Number.POSITIVE_INFINITY);
  },
  sleep: block,
};

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function rulesOf(text: string): Rule[] {
  const parts = text
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const seeds = parts.flatMap((part) => SEED.exec(part)?.groups?.["seed"] ?? []);
  const random = randomOf(Number(seeds.at(-1) ?? 1));
  return parts.filter((part) => !SEED.test(part)).map((part) => ruleOf(part, random));
}

function ruleOf(part: string, random: Random): Rule {
  const { site, ms, hit, perMille } = PART.exec(part)?.groups ?? {};
  if (site === undefined) {
    throw wrong(part, "write site=exit or site=sleep(ms), and @hit or %per-mille behind it if it is not to be always");
  }
  if (!isSite(site)) throw wrong(part, `there is no failpoint ${site}`);
  const sleepMs = ms === undefined ? undefined : Number(ms);
  if (hit !== undefined) {
    const at = Number(hit);
    if (at < 1) throw wrong(part, "hits are counted from 1");
    return { site, sleepMs, bites: (hits) => hits === at };
  }
  if (perMille === undefined) return { site, sleepMs, bites: () => true };
  const share = Number(perMille);
  if (share < 1 || share > 1000) throw wrong(part, "of a thousand hits there are 1 to 1000");
  return { site, sleepMs, bites: () => random() * 1000 < share };
}

function isSite(name: string): name is FailpointSite {
  return (FAILPOINT_SITES as readonly string[]).includes(name);
}

function wrong(part: string, reason: string): FailpointsTextError {
  return new FailpointsTextError(`${JSON.stringify(part)} arms no failpoint: ${reason}`);
}

/** Numbers in [0, 1) that follow from the seed: a counter, its bits mixed (the finaliser of MurmurHash3). */
function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}
