/**
 * The one place that tells the world what happens inside a client: it publishes on the diagnostics channels and writes the
 * log. The parts of the client say what happened, here it is decided who hears of it and how loud.
 */
import { isEtcdError } from "../errors.js";
import { keyText } from "../keys.js";
import { connectionChannel, leaseChannel, watchChannel } from "./channels.js";
import type { Logger } from "./logger.js";
import type { ConnectionState, LeaseHappening, WatchHappening, WatchSubject } from "./messages.js";

export class Observer {
  readonly #logger: Logger | undefined;

  constructor(logger?: Logger) {
    this.#logger = logger;
  }

  get logger(): Logger | undefined {
    return this.#logger;
  }

  connection(endpoint: string, state: ConnectionState, previous: ConnectionState): void {
    if (connectionChannel.hasSubscribers) connectionChannel.publish({ endpoint, state, previous });
    const logger = this.#logger;
    if (logger === undefined || state === previous) return;
    const fields = { endpoint, state, previous };
    if (state === "cooling") logger.warn(fields, `etcd: ${endpoint} does not answer well and is asked last`);
    else if (previous === "cooling" && state === "ready") logger.info(fields, `etcd: ${endpoint} answers again`);
    else logger.debug(fields, `etcd: ${endpoint} is ${state}`);
  }

  /** A token is asked for: the first, or another because the last is no good. Neither it nor the password is told. */
  token(why: "first" | "refused"): void {
    if (why === "first") this.#logger?.debug({ why }, "etcd: asking for a token");
    else this.#logger?.info({ why }, "etcd: asking for another token");
  }

  /** Is it worth counting the events of watches? */
  get countsEvents(): boolean {
    return watchChannel.hasSubscribers;
  }

  watch(watch: WatchSubject, happening: WatchHappening): void {
    if (watchChannel.hasSubscribers) watchChannel.publish({ watch, ...happening });
    const logger = this.#logger;
    if (logger === undefined) return;
    const fields = { key: keyText(watch.key), event: happening.event };
    const name = `etcd: watch of ${JSON.stringify(fields.key)}`;
    switch (happening.event) {
      case "created":
        logger.debug({ ...fields, revision: happening.revision }, `${name} is open`);
        return;
      case "resumed":
        logger.info({ ...fields, revision: happening.revision }, `${name} goes on`);
        return;
      case "disconnected":
        logger.info(fields, `${name} lost its connection`);
        return;
      case "parked":
        logger.warn({ ...fields, lag: happening.lag }, `${name} is parked: its consumer is ${happening.lag} behind`);
        return;
      case "compacted": {
        const { compactRevision, requested } = happening;
        logger.warn({ ...fields, compactRevision, requested }, `${name} needs history that is compacted`);
        return;
      }
      case "closed":
        logger.debug({ ...fields, ...errorFields(happening.error) }, `${name} is over`);
        return;
    }
  }

  /** Renewals are not worth a message while nobody listens. */
  get countsRenewals(): boolean {
    return leaseChannel.hasSubscribers;
  }

  lease(lease: bigint, happening: LeaseHappening): void {
    if (leaseChannel.hasSubscribers) leaseChannel.publish({ lease, ...happening });
    const logger = this.#logger;
    if (logger === undefined) return;
    const name = `etcd: lease ${lease}`;
    const fields = { lease, event: happening.event };
    switch (happening.event) {
      case "granted":
        logger.debug({ ...fields, ttl: happening.ttl }, `${name} is kept alive`);
        return;
      case "renewed":
        if (happening.recovered) logger.info({ ...fields, ttl: happening.ttl }, `${name} is safe again`);
        return;
      case "suspect": {
        const remainingMs = Math.round(happening.remainingMs);
        const why = errorFields(happening.error);
        logger.warn({ ...fields, remainingMs, ...why }, `${name} is not acknowledged, lost in ${remainingMs} ms`);
        return;
      }
      case "lost":
        logger.error({ ...fields, ...errorFields(happening.error) }, `${name} is lost`);
        return;
      case "revoked":
      case "released":
        logger.debug(fields, `${name} is ${happening.event}`);
        return;
    }
  }
}

/** An error for a log line. Of errors that are not ours only the name: their text may quote what was stored. */
function errorFields(error: unknown): Record<string, unknown> {
  if (error === undefined) return {};
  if (!isEtcdError(error)) return { error: error instanceof Error ? error.name : typeof error };
  const { message, code, reason, endpoint } = error;
  return { error: message, code, reason, ...(endpoint !== undefined && { endpoint }) };
}
