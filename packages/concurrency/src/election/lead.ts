/**
 * The loop of a worker that leads when it can: campaign, run the body (`term.ts`), and after a loss campaign again. It waits
 * until the body has settled before it does, so that one process never does the leader's work twice at once (npm etcd3 issue
 * 158).
 */
import { type ClientWorld, LeaseNotFoundError } from "@kvorum/client";
import type { AcquireOptions } from "../contention/contend.js";
import { SessionExpiredError } from "../errors.js";
import { Interrupt, isTransient, pause } from "../interrupt.js";
import { HealthMonitor } from "./health.js";
import type { LeadOptions, Transition } from "./lead-options.js";
import type { Leadership } from "./leadership.js";
import { type Body, BodyError, DEFAULT_GRACE_MS, serve } from "./term.js";

export interface LeadParts<V> {
  readonly world: ClientWorld;
  readonly campaign: (options: AcquireOptions) => Promise<Leadership<V>>;
  /** The shared session, if there is one: without it there is no further campaign. */
  readonly session: AbortSignal | undefined;
}

const DEFAULT_BACKOFF = { baseMs: 100, capMs: 5_000 };

export async function lead<V>(parts: LeadParts<V>, body: Body<V>, options: LeadOptions): Promise<void> {
  const listener = new Listener(options.onTransition);
  using end = new Interrupt(parts.world, "", [options.signal, listener.failed]);
  const monitor =
    options.health &&
    new HealthMonitor(parts.world, options.health, (kind, failures) =>
      listener.tell(kind === "healthy" ? { kind } : { kind, failures }),
    );
  try {
    await loop(parts, body, options, { end: end.signal, monitor, tell: (transition) => listener.tell(transition) });
  } catch (error) {
    throw error instanceof BodyError ? error.cause : error;
  } finally {
    await monitor?.close();
  }
  if (listener.failed.aborted) throw listener.failed.reason;
}

interface Running {
  /** Ends the loop. */
  readonly end: AbortSignal;
  readonly monitor: HealthMonitor | undefined;
  readonly tell: (transition: Transition) => void;
}

async function loop<V>(
  { campaign, session, world }: LeadParts<V>,
  body: Body<V>,
  { backoff = DEFAULT_BACKOFF, graceMs = DEFAULT_GRACE_MS }: LeadOptions,
  { end, monitor, tell }: Running,
): Promise<void> {
  for (let failures = 0; ; ) {
    await monitor?.untilHealthy(end).catch(() => undefined);
    if (end.aborted) return;
    const sick = monitor?.sick;
    tell({ kind: "campaigning" });
    try {
      const leadership = await stand(world, campaign, [end, sick]);
      failures = 0;
      tell({ kind: "leading", fencingToken: leadership.fencingToken });
      if (await serve(world, leadership, body, { end, sick, graceMs, tell })) return;
    } catch (error) {
      if (error instanceof BodyError) throw error;
      if (end.aborted) return;
      if (sick?.aborted && error === sick.reason) continue;
      if (session?.aborted || !mayCampaignAgain(error)) throw error;
      const ceiling = Math.min(backoff.capMs, backoff.baseMs * 2 ** failures++);
      const waitMs = ceiling * (0.5 + world.random() / 2);
      tell({ kind: "failed", error, waitMs });
      using wait = new Interrupt(world, "", [end, session]);
      await pause(world, waitMs, wait.signal).catch(() => undefined);
    }
  }
}

async function stand<V>(
  world: ClientWorld,
  campaign: LeadParts<V>["campaign"],
  ends: readonly (AbortSignal | undefined)[],
): Promise<Leadership<V>> {
  using wait = new Interrupt(world, "", ends);
  return await campaign({ signal: wait.signal });
}

function mayCampaignAgain(error: unknown): boolean {
  return isTransient(error) || error instanceof SessionExpiredError || error instanceof LeaseNotFoundError;
}

/** A listener that throws must not take a leadership with it: the error is kept, and ends the loop in good order. */
class Listener {
  readonly #listen: (transition: Transition) => void;
  readonly #failed = new AbortController();

  constructor(listen: (transition: Transition) => void = () => undefined) {
    this.#listen = listen;
  }

  /** Aborts with what the listener has thrown. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  tell(transition: Transition): void {
    try {
      this.#listen(transition);
    } catch (error) {
      this.#failed.abort(error);
    }
  }
}
