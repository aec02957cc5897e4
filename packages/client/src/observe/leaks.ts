/**
 * Tells of watches that were dropped without being closed: the server goes on sending to them for as long as the client
 * lives. What the caller holds is not what the stream holds, so a `Watch` that is collected while its subscription is open
 * is a leak. Outside production only (`NODE_ENV`): it warns and does not close, so that both behave alike, and noting the
 * line that opened a watch has its price.
 */
import type { Observer } from "./observer.js";

export interface LeakSubject {
  readonly observer: Observer;
  /** Of the watch, as its caller wrote it. */
  readonly key: string;
  /** Must not refer to the watch. */
  readonly isOpen: () => boolean;
}

interface Leak extends LeakSubject {
  readonly openedAt: string;
}

const REGISTRY = new FinalizationRegistry<Leak>(reportLeak);

/** Looks after a watch that was just opened, whose caller is two calls up. */
export function warnIfDropped(watch: object, subject: LeakSubject): void {
  if (process.env["NODE_ENV"] === "production") return;
  const openedAt = new Error("opened").stack?.split("\n").slice(2).join("\n") ?? "";
  REGISTRY.register(watch, { ...subject, openedAt });
}

/** Called by the garbage collector, some time after the watch went. */
export function reportLeak({ observer, key, openedAt, isOpen }: Leak): void {
  if (!isOpen()) return;
  const message = `etcd: a watch of ${JSON.stringify(key)} was dropped without being closed: use await using, or close()`;
  if (observer.logger === undefined) process.emitWarning(message, { code: "KVORUM_WATCH_LEAK", detail: openedAt });
  else observer.logger.warn({ key, openedAt }, message);
}
