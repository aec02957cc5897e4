/**
 * What would make two runs of a seed differ, and is therefore forbidden while a process plays seeds: the machine's clock, its
 * timers, its chance, and callbacks of the garbage collector. Whoever asks for one of them is told at once where.
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

/** Makes every use of them throw, until the returned function is called. */
export function forbidGlobals(): () => void {
  const undo: (() => void)[] = [];
  const replace = (owner: object, key: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(owner, key);
    Object.defineProperty(owner, key, { value, configurable: true, writable: true });
    undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(owner, key);
      else Object.defineProperty(owner, key, before);
    });
  };
  for (const [name, owner, keys] of FORBIDDEN) for (const key of keys) replace(owner, key, forbidden(`${name}${key}`));
  replace(globalThis, "Date", dateWithoutNow());
  syncBuiltinESMExports();
  return () => {
    for (const step of undo.reverse()) step();
    syncBuiltinESMExports();
  };
}

/** A given moment is a value like any other; only the present one is forbidden. */
function dateWithoutNow(): DateConstructor {
  return new Proxy(Date, {
    construct: (target, parts, newTarget) =>
      parts.length === 0 ? refuse("new Date()") : Reflect.construct(target, parts, newTarget),
    apply: () => refuse("Date()"),
    get: (target, key) => (key === "now" ? forbidden("Date.now") : Reflect.get(target, key)),
  });
}

/** Callable, and constructible for the sake of classes. */
function forbidden(name: string): () => never {
  return function forbiddenGlobal(): never {
    return refuse(name);
  };
}

function refuse(name: string): never {
  throw new Error(`${name} is forbidden in a simulated run: two runs of the seed would differ`);
}
