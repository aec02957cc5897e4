/**
 * Leases whose network falls silent in one way or another. Each must be called lost before the server could have ended it: by
 * the clock of this process, which has seen the last request that went through, and by a watch of another client, which sees
 * the lease's key go. And not long before, or calling every lease lost at once would be the best of clients.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Client, createClient, isEtcdError, type Lease, op, prefix } from "@kvorum/client";
import { pause } from "../../robustness/cluster/rpc.js";
import { type FaultProxy, startProxy } from "../../support/proxy.js";
import type { Scene } from "./scene.js";

export interface LeaseOptions {
  /** Leases to judge; rounds are played until there are so many, and not without end. */
  readonly wanted: number;
  /** Clients with a proxy each, and leases of each of them. */
  readonly groups: number;
  readonly leases: number;
}

const ROUNDS_MAX = 6;
/** Seconds. The least that servers grant. */
const TTL = 2;
/** A third of it passes between two renewals; with the margin of a lease and the machine's delays so much is left. */
const BELIEVED_MS = 500;

const SILENCES: readonly { readonly name: string; fall(proxy: FaultProxy): void; readonly requestsPass?: true }[] = [
  { name: "nothing passes", fall: (proxy) => proxy.blackHole() },
  { name: "answers do not pass", fall: (proxy) => proxy.swallowReplies(), requestsPass: true },
  {
    name: "connections end, and nothing passes on new ones",
    fall: (proxy) => {
      proxy.blackHole();
      proxy.cut();
    },
  },
  { name: "connections are refused", fall: (proxy) => void proxy.refuse() },
];

export async function silenceLeases(scene: Scene, { wanted, groups, leases }: LeaseOptions): Promise<void> {
  const enough = (): boolean => scene.outcome.counted("leases lost") >= wanted || scene.outcome.failed > 0;
  for (let round = 0; round < ROUNDS_MAX && !enough(); round++) {
    const space = `leases/${round}/`;
    await using deletions = new Deletions(scene.direct, space);
    await deletions.ready;
    // A process that is not given the machine's time hears of everything late, its own timers included.
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    const stallMs = (): number => delay.max / 1e6;
    await Promise.all(
      Array.from({ length: groups }, (_, group) =>
        playGroup(scene, deletions, { space: `${space}${group}/`, leases, stallMs }),
      ),
    );
    delay.disable();
  }
}

interface GroupOptions {
  readonly space: string;
  readonly leases: number;
  /** The longest that this process could do nothing so far, in milliseconds. */
  readonly stallMs: () => number;
}

async function playGroup(scene: Scene, deletions: Deletions, { space, leases, stallMs }: GroupOptions): Promise<void> {
  const { direct, endpoint, outcome, random } = scene;
  const silence = SILENCES[Math.floor(random() * SILENCES.length)] ?? SILENCES[0];
  if (silence === undefined) return;
  const proxy = await startProxy(endpoint);
  const client = createClient({ endpoints: proxy.endpoint, syncMembers: false });
  try {
    const kept = await Promise.all(Array.from({ length: leases }, () => client.lease.keep({ ttl: TTL })));
    const lost = kept.map(whenLost);
    for (const [i, lease] of kept.entries()) deletions.expect(`${space}${i}`, lease);
    if (!(await hold(direct, space, kept))) {
      outcome.count("groups lost to the machine's own delays");
      return;
    }
    // Anywhere between two renewals.
    await pause(200 + random() * 900);
    const silentAtMs = performance.now();
    silence.fall(proxy);
    const endsAtMs = (silence.requestsPass ? silentAtMs : proxy.lastRequestMs) + TTL * 1_000;
    const lostAtMs = await Promise.all(lost);
    const gone = await Promise.all(kept.map((_, i) => deletions.of(`${space}${i}`)));
    for (const [i, atMs] of lostAtMs.entries()) {
      const { atMs: goneAtMs = 0, remainingMs = 0 } = gone[i] ?? {};
      const lateness = atMs - Math.min(endsAtMs, goneAtMs);
      const words = `lease ${space}${i}, ${silence.name}: called lost`;
      if (remainingMs > 0) outcome.wrong(`lease ${space}${i}: ${remainingMs} ms remained when its key was gone`);
      if (lateness >= stallMs()) {
        outcome.wrong(`${words} ${lateness.toFixed()} ms after the server could have ended it`);
      }
      // On a machine that is busy with something else a lease may be lost without our help.
      if (atMs < silentAtMs) continue;
      if (atMs - silentAtMs >= BELIEVED_MS) outcome.count("leases believed in as long as they could be");
      outcome.least("ms between a lease called lost and the end of its time", endsAtMs - atMs);
      outcome.count("leases lost");
    }
  } finally {
    proxy.forward();
    await client.close();
    await proxy.close();
  }
}

/** Attaches a key to each lease. False where one of them is over already. */
async function hold(direct: Client, space: string, leases: readonly Lease[]): Promise<boolean> {
  try {
    await direct.txn({ then: leases.map((lease, i) => op.put(`${space}${i}`, "held", { lease })) });
    return true;
  } catch (error) {
    if (isEtcdError(error, "lease-not-found")) return false;
    throw error;
  }
}

/** Resolves with the time at which the holder is told, on the clock of `performance.now()`. */
function whenLost(lease: Lease): Promise<number> {
  return new Promise((resolve) => {
    lease.signal.addEventListener("abort", () => resolve(performance.now()), { once: true });
  });
}

/** What a client that nobody disturbs saw of the end of a key, and what the holder of its lease believed then. */
interface Gone {
  readonly atMs: number;
  readonly remainingMs: number;
}

class Deletions implements AsyncDisposable {
  readonly ready: Promise<bigint>;
  readonly #watch: ReturnType<Client["watch"]>;
  readonly #waiting = new Map<string, (gone: Gone) => void>();
  readonly #leases = new Map<string, Lease>();
  readonly #seen = new Map<string, Gone>();
  readonly #running: Promise<void>;

  constructor(direct: Client, space: string) {
    this.#watch = direct.watch(prefix(space), { only: "delete" });
    this.ready = this.#watch.ready;
    this.#running = this.#listen();
  }

  /** To be called before the key can go. */
  expect(key: string, lease: Lease): void {
    this.#leases.set(key, lease);
  }

  of(key: string): Promise<Gone> {
    const seen = this.#seen.get(key);
    if (seen !== undefined) return Promise.resolve(seen);
    return new Promise((resolve) => this.#waiting.set(key, resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch.close();
    await this.#running;
  }

  async #listen(): Promise<void> {
    for await (const event of this.#watch) {
      if (event.type !== "delete") continue;
      const gone = { atMs: performance.now(), remainingMs: this.#leases.get(event.key)?.remaining() ?? 0 };
      this.#seen.set(event.key, gone);
      this.#waiting.get(event.key)?.(gone);
    }
  }
}
