/**
 * Tells of watches that were dropped without being closed: the server goes on sending to them for as long as the client
 * lives. What the caller holds is not what the stream holds, so a `Watch` that is collected while its subscription is open
 * is a leak. Outside production only (`NODE_ENV`): it warns and does not close, so that both behave alike, and noting the
 * line that opened a watch has its price.
 */
import { keyText } from "../keys.js";
import type { WireRange } from "../keyspace.js";
import type { Observer } from "./observer.js";

/** What stays behind when a watch is dropped. */
interface Leak {
  readonly observer: Observer;
  readonly key: Uint8Array;
  readonly openedAt: string;
  readonly subscription: { readonly over: boolean };
}

const REGISTRY = new FinalizationRegistry<Leak>(reportLeak);

/** Looks after a watch that was just opened. The subscription must not refer to the watch. */
export function warnIfDropped(
  watch: object,
  observer: Observer,
  range: WireRange,
  subscription: { readonly over: boolean },
): void {
  if (process.env["NODE_ENV"] === "production") return;
  // Without the message and this function itself.
  const openedAt = new Error("opened").stack?.split("\n").slice(2).join("\n") ?? "";
  REGISTRY.register(watch, { observer, key: range.key, openedAt, subscription });
}

/** Called by the garbage collector, some time after the watch went. */
export function reportLeak({ observer, key, openedAt, subscription }: Leak): void {
  if (subscription.over) return;
  const name = JSON.stringify(keyText(key));
  const message = `etcd: a watch of ${name} was dropped without being closed: use await using, or close()`;
  if (observer.logger === undefined) process.emitWarning(message, { code: "KVORUM_WATCH_LEAK", detail: openedAt });
  else observer.logger.warn({ key: keyText(key), openedAt }, message);
}
