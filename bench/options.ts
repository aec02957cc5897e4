/** The command line of `pnpm bench`. Pure. */
import { parseArgs } from "node:util";
import { ENGINE_VARIABLE, leanEngine } from "@kvorum/transport";
import { ENGINES, type Engine } from "./engines.js";
import type { Settings, Sizes } from "./plan.js";

export interface Options {
  readonly settings: Settings;
  readonly subject: "servers" | "coordination";
  /** Names of groups or workloads; nothing is everything. */
  readonly only: readonly string[];
  readonly profile: boolean;
  readonly list: boolean;
  /** Stores the results although it is not a whole run. */
  readonly save: boolean;
  /** Rewrites the tables and pictures of the docs: a whole run does, unless told otherwise. */
  readonly publish: boolean;
}

export const USAGE = `pnpm bench [coordination] [options]
  coordination      locks and transactions of our client beside those of npm etcd3 instead
  --only <name>     a group or workload (see --list); may be given again
  --engine <name>   RPC engine of Kvorum's server: lean or nice (default: ${ENGINE_VARIABLE}, or ${leanEngine.name})
  --rounds <n>      rounds of each workload (default 5)
  --seconds <n>     length of a round (default 5)
  --keys <n>        keys that puts choose from, and the most that growth goes to (default 1000000)
  --quick           everything small: shows that it works, measures nothing
  --profile         CPU profiles of a Kvorum server under unary or stream workloads (default: put-10-100, range-linearizable)
  --save            store the results of a run that is not a whole one
  --no-publish      leave the tables and pictures of the docs as they are
  --list            print the names of all groups and workloads
`;

const DEFAULTS = { rounds: 5, seconds: 5, keys: 1_000_000 } as const;
const QUICK = { rounds: 1, seconds: 0.5, keys: 2_000 } as const;

/** Errors: `TypeError` and `RangeError` that name the argument. */
export function parseOptions(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: "string", multiple: true, default: [] },
      engine: { type: "string", default: serverEngine(environment) },
      rounds: { type: "string" },
      seconds: { type: "string" },
      keys: { type: "string" },
      quick: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      save: { type: "boolean", default: false },
      "no-publish": { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
  });
  const { quick, only, profile, save, list } = values;
  const [subject = "servers", ...more] = positionals;
  if ((subject !== "servers" && subject !== "coordination") || more.length > 0) {
    throw new TypeError(
      `"${positionals.join(" ")}" is nothing to measure: give coordination, or nothing for the servers`,
    );
  }
  const preset = quick ? QUICK : DEFAULTS;
  return {
    subject,
    only,
    profile,
    list,
    save,
    publish: !quick && only.length === 0 && !values["no-publish"],
    settings: {
      quick,
      engine: engineNamed(values.engine),
      rounds: whole("--rounds", values.rounds, preset.rounds),
      seconds: above("--seconds", values.seconds, preset.seconds),
      sizes: sizesFor(whole("--keys", values.keys, preset.keys), quick),
    },
  };
}

function sizesFor(keys: number, quick: boolean): Sizes {
  const up = (steps: readonly number[]): number[] => [...steps.filter((step) => step < keys), keys];
  return quick
    ? { keys, rangeKeys: 100, watchers: 200, leases: 100, growthKeys: up([100]), growthWatchers: [1, 100] }
    : {
        keys,
        rangeKeys: 1_000,
        watchers: 10_000,
        leases: 1_000,
        growthKeys: up([1_000, 100_000]),
        growthWatchers: [1, 1_000, 100_000],
      };
}

/** The variable may name two, of which servers have the first. */
function serverEngine(environment: NodeJS.ProcessEnv): string {
  return environment[ENGINE_VARIABLE]?.split(":")[0] || leanEngine.name;
}

function engineNamed(name: string): Engine {
  const engine = ENGINES.find((one) => one === name);
  if (engine === undefined) throw new RangeError(`--engine wants ${ENGINES.join(" or ")}, not ${name}`);
  return engine;
}

function whole(name: string, text: string | undefined, fallback: number): number {
  const value = above(name, text, fallback);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${name} wants a whole number, not ${text}`);
  return value;
}

function above(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new RangeError(`${name} wants a number above 0, not ${text}`);
  return value;
}
