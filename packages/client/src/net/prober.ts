/**
 * Asks members how they are, with the `Status` that each answers from its own state: the first sign of life of an endpoint, and
 * how one that cools gets back. A member that is up but has no leader says so there and stays out.
 */
import { Maintenance, type StatusResponse } from "@kvorum/proto";
import { RpcError } from "@kvorum/transport";
import type { Clock } from "../clock.js";
import { classify, decide } from "../retry.js";
import type { Endpoint } from "./endpoint.js";
import type { ProbeResult } from "./endpoint-health.js";

/** Between two probes of an endpoint that is not cooling yet. */
const REPEAT_MS = 500;
/** How long a half-open endpoint waits for a call. When none comes, another probe is the one call that it gets. */
const HALF_OPEN_MS = 1_000;
const NO_LEADER = "etcdserver: no leader";

export interface ProberOptions {
  readonly clock: Clock;
  /** Milliseconds for a probe, the connection included. */
  readonly timeoutMs: number;
  readonly closed: AbortSignal;
}

export class Prober {
  readonly #options: ProberOptions;
  readonly #running = new Map<Endpoint, Promise<ProbeResult>>();
  readonly #timers = new Map<Endpoint, () => void>();

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Resolves with what was found, and the endpoint knows it. One probe of an endpoint at a time. Never rejects. */
  probe(endpoint: Endpoint): Promise<ProbeResult> {
    const running = this.#running.get(endpoint);
    if (running !== undefined) return running;
    const probe = this.#probe(endpoint).finally(() => this.#running.delete(endpoint));
    this.#running.set(endpoint, probe);
    return probe;
  }

  /** Probes in the background, again and again, until the endpoint is ready, half-open or removed. */
  pursue(endpoint: Endpoint, delayMs = 0): void {
    this.#timers.get(endpoint)?.();
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(endpoint);
      if (this.#options.closed.aborted) return;
      void this.probe(endpoint).then((result) => {
        // An endpoint that has begun to cool is pursued already, by whoever heard of that.
        if (this.#timers.has(endpoint)) return;
        const { state } = endpoint;
        if (result === "healthy" && state === "cooling") this.pursue(endpoint, HALF_OPEN_MS);
        else if (state === "idle" || state === "connecting") this.pursue(endpoint, REPEAT_MS);
      });
    });
    this.#timers.set(endpoint, cancel);
  }

  /** The endpoint has begun to cool: the time it is to be left alone, then probes decide. */
  cooling(endpoint: Endpoint): void {
    endpoint.health.hold();
    this.pursue(endpoint, endpoint.health.coolingMs(this.#options.clock.nowMs()));
  }

  /** It answers, or is gone. */
  leave(endpoint: Endpoint): void {
    this.#timers.get(endpoint)?.();
    this.#timers.delete(endpoint);
  }

  /** Resolves when no probe runs. They end at once when `closed` aborts. */
  async close(): Promise<void> {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await Promise.all(this.#running.values());
  }

  async #probe(endpoint: Endpoint): Promise<ProbeResult> {
    const { clock, timeoutMs, closed } = this.#options;
    const wasCooling = endpoint.health.state === "cooling";
    const wasHalfOpen = wasCooling && !endpoint.isCooling(clock.nowMs());
    const line = endpoint.acquire(clock.nowMs());
    let result: ProbeResult = "unreachable";
    try {
      const status = await line.channel.unary(Maintenance.method.status, {}, { timeoutMs, signal: closed });
      endpoint.learn(status.header);
      result = resultOf(status);
    } catch (error) {
      result = error instanceof RpcError ? resultOfFailure(error) : "unreachable";
    } finally {
      endpoint.release(line);
    }
    if (closed.aborted) return result;
    const nowMs = clock.nowMs();
    // Whoever became ready by a call meanwhile is not sent back by a probe; the calls will tell.
    if (result !== "healthy" && wasCooling && endpoint.state === "ready") return result;
    if (result === "unreachable" && endpoint.state !== "cooling") endpoint.failed("not-sent", nowMs, true);
    else if (result === "healthy" && wasHalfOpen) endpoint.succeeded(true);
    else endpoint.probed(result, nowMs);
    return result;
  }
}

function resultOf({ errors, isLearner }: StatusResponse): ProbeResult {
  return isLearner || errors.includes(NO_LEADER) ? "no-quorum" : "healthy";
}

/** A refusal comes from a member that is up: one that wants another token, or does not know the method. */
function resultOfFailure(error: RpcError): ProbeResult {
  const { kind } = classify(error);
  if (kind === "no-leader" || kind === "learner") return "no-quorum";
  return kind === "not-sent" || kind === "deadline" || decide(kind, "read") === "elsewhere" ? "unreachable" : "healthy";
}
