/**
 * What would make two runs of a seed differ, and is therefore forbidden while a process plays seeds: the machine's clock, its
 * timers, its chance, and callbacks of the garbage collector. Whoever asks for one of them is told at once where, and whoever
 * plays the run is told afterwards: what asked may have taken the error for one of the world's.
 *
 * The world takes `setImmediate` before (`world.ts`); Node's own parts do not use these names.
 */
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
import timersPromises from "node:timers/promises";

/** Objects and the functions of theirs that are forbidden. */
const FORBIDDEN: readonly (readonly [name: string, owner: object, keys: readonly string[]])[] = [
  ["", globalThis, ["setTimeout", "setInterval", "setImmediate", "fetch", "WeakRef", "FinalizationRegistry"]],
  ["Math.", Math, ["random"]],
  ["performance.", performance, ["now"]],
  ["process.", process, ["hrtime", "uptime"]],
  ["AbortSignal.", AbortSignal, ["timeout"]],
  ["crypto.", globalThis.crypto, ["getRandomValues", "randomUUID"]],
  ["node:crypto ", crypto, ["randomBytes", "randomInt", "randomUUID", "randomFillSync", "randomFill"]],
  ["node:timers ", timers, ["setTimeout", "setInterval", "setImmediate"]],
  ["node:timers/promises ", timersPromises, ["setTimeout", "setInterval", "setImmediate"]],
];

/** Enough to find the first; the rest are its likes. */
const TRACE_LINES = 10;
const USES_KEPT_MAX = 8;

export interface Guard {
  /** What was asked for since the last call, each with the place that asked. */
  takeUses(): readonly string[];
  /** Makes everything as it was. */
  allow(): void;
}

/** Makes every use of them throw, until it is allowed again. */
export function forbidGlobals(): Guard {
  const undo: (() => void)[] = [];
  const uses: string[] = [];
  const refuse = (name: string): never => {
    // The campaign's processes keep no traces of errors, but of this one it must be known who asked.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = TRACE_LINES;
    const error = new Error(`${name} is forbidden in a simulated run: two runs of the seed would differ`);
    Error.stackTraceLimit = stackTraceLimit;
    if (uses.length < USES_KEPT_MAX) uses.push(error.stack ?? error.message);
    throw error;
  };
  // Callable, and constructible for the sake of classes.
  const forbidden = (name: string): (() => never) =>
    function forbiddenGlobal(): never {
      return refuse(name);
    };
  const replace = (owner: object, key: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(owner, key);
    Object.defineProperty(owner, key, { value, configurable: true, writable: true });
    undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(owner, key);
      else Object.defineProperty(owner, key, before);
    });
  };
  for (const [name, owner, keys] of FORBIDDEN) for (const key of keys) replace(owner, key, forbidden(`${name}${key}`));
  // A given moment is a value like any other; only the present one is forbidden.
  const dateWithoutNow = new Proxy(Date, {
    construct: (target, parts, newTarget) =>
      parts.length === 0 ? refuse("new Date()") : Reflect.construct(target, parts, newTarget),
    apply: () => refuse("Date()"),
    get: (target, key) => (key === "now" ? forbidden("Date.now") : Reflect.get(target, key)),
  });
  replace(globalThis, "Date", dateWithoutNow);
  syncBuiltinESMExports();
  return {
    takeUses: () => uses.splice(0),
    allow: () => {
      for (const step of undo.reverse()) step();
      syncBuiltinESMExports();
    },
  };
}
