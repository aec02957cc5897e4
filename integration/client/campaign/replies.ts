/**
 * Requests that arrive and answers that do not. A proxy drops the answer from its header, its message or its trailer on and
 * ends the connection; or it stays silent until the time is up; or the request itself is lost. Whatever the client then says
 * about a write must be true, and no write may be applied twice.
 */
import { type Client, createClient, isEtcdError, type Outcome } from "@kvorum/client";
import { eventually, pause } from "../../robustness/cluster/rpc.js";
import { type FaultProxy, startProxy } from "../../support/proxy.js";
import { pick } from "../../support/random.js";
import type { Scene } from "./scene.js";
import { type Place, repeatable, type Trial, writes } from "./trials.js";

export interface ReplyOptions {
  /** Answers to lose. */
  readonly replies: number;
  readonly lanes: number;
}

/** Milliseconds for a call whose answer does not come and whose connection stays. */
const SILENCE_MS = 250;
/** Milliseconds after which a call that was to end has hung. */
const PATIENCE_MS = 15_000;
/** Header, message and trailer of an answer. */
const FRAMES = 3;
/** Seconds; long enough for no lease to end by itself. */
const TTL = 3_600;

export async function loseReplies(scene: Scene, { replies, lanes }: ReplyOptions): Promise<void> {
  const { outcome, direct } = scene;
  const goal = outcome.counted("lost replies") + replies;
  const wanted = (): boolean => outcome.counted("lost replies") < goal && outcome.failed === 0;
  const leases = new Set<bigint>();
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      const proxy = await startProxy(scene.endpoint);
      const client = createClient({ endpoints: proxy.endpoint, syncMembers: false });
      const attempts = new Attempts(scene, client, proxy, leases);
      // Exactly-once writes keep a lease, whose stream has messages of its own: they have clients of their own.
      const once = lane % 2 === 1;
      try {
        for (let number = 0; wanted(); number++) {
          const space = `replies/${lane}/${number}/`;
          await (once ? attempts.playOnce(space) : attempts.play(space));
        }
      } finally {
        await client.close();
        await proxy.close();
      }
    }),
  );
  // A grant that was sent again under another id would have left a lease that nobody knows.
  for (const id of await direct.lease.list()) {
    const info = leases.has(id) ? undefined : await direct.lease.timeToLive(id);
    if (info?.grantedTtl === TTL) outcome.wrong(`lease ${id} exists, and no grant has told of it`);
  }
}

/** What a call came to. */
interface Said {
  readonly kind: "right" | "wrong" | "other" | Outcome;
  readonly words: string;
}

class Attempts {
  readonly #scene: Scene;
  readonly #client: Client;
  readonly #proxy: FaultProxy;
  readonly #leases: Set<bigint>;

  constructor(scene: Scene, client: Client, proxy: FaultProxy, leases: Set<bigint>) {
    this.#scene = scene;
    this.#client = client;
    this.#proxy = proxy;
    this.#leases = leases;
  }

  async play(space: string): Promise<void> {
    const { random } = this.#scene;
    const chance = random();
    if (chance < 0.04) await this.#silence(pick(random, writes), space);
    else if (chance < 0.1) await this.#requestLost(pick(random, writes), space);
    else if (chance < 0.25) await this.#readLost(pick(random, repeatable), space);
    else if (chance < 0.3) await this.#grantLost();
    else await this.#writeLost(pick(random, writes), space);
  }

  /** Whatever is lost, the write goes through, once, and its answer is right. */
  async playOnce(space: string): Promise<void> {
    const trial = pick(this.#scene.random, writes);
    const place = await this.#prepare(trial, space);
    const said = await this.#loseAnswer(() => trial.run(this.#client, place, { retry: "exactly-once" }));
    if (said.kind !== "right") this.#wrong(trial, space, `exactly once: the client ${said.words}`);
    this.#scene.outcome.count("exactly-once writes");
    await this.#expectApplied(trial, space, 1);
  }

  async #writeLost(trial: Trial, space: string): Promise<void> {
    const place = await this.#prepare(trial, space);
    const said = await this.#loseAnswer(() => trial.run(this.#client, place));
    // The answer existed, so the write was applied; the client cannot know, and must say so.
    if (said.kind !== "unknown") this.#wrong(trial, space, `the answer was lost and the client ${said.words}`);
    await this.#expectApplied(trial, space, 1);
  }

  async #readLost(trial: Trial, space: string): Promise<void> {
    const place = await this.#prepare(trial, space);
    const said = await this.#loseAnswer(() => trial.run(this.#client, place));
    if (said.kind !== "right") this.#wrong(trial, space, `the answer was lost and the client ${said.words}`);
  }

  /** A grant is sent again under the id that the client chose. */
  async #grantLost(): Promise<void> {
    const { direct, outcome } = this.#scene;
    await this.#client.get("replies");
    const said = await this.#loseAnswer(async () => {
      const { id } = await this.#client.lease.grant({ ttl: TTL });
      this.#leases.add(id);
      return (await direct.lease.timeToLive(id)) !== undefined;
    });
    if (said.kind !== "right") outcome.wrong(`lease grant: the answer was lost and the client ${said.words}`);
  }

  async #silence(trial: Trial, space: string): Promise<void> {
    const { direct, outcome } = this.#scene;
    const place = await this.#prepare(trial, space);
    this.#proxy.swallowReplies();
    const said = await settled(trial.run(this.#client, place, { timeout: SILENCE_MS }));
    outcome.count("lost replies");
    if (said.kind !== "unknown") this.#wrong(trial, space, `there was silence and the client ${said.words}`);
    const applied = async (): Promise<true | undefined> => (await trial.applied(direct, space)) > 0 || undefined;
    await eventually(`${trial.name} is applied`, PATIENCE_MS, applied);
    this.#proxy.forward();
    this.#proxy.cut();
    await this.#expectApplied(trial, space, 1);
  }

  async #requestLost(trial: Trial, space: string): Promise<void> {
    const place = await this.#prepare(trial, space);
    this.#proxy.blackHole();
    const call = settled(trial.run(this.#client, place));
    await pause(5);
    this.#proxy.forward();
    this.#proxy.cut();
    const said = await call;
    this.#scene.outcome.count("lost requests");
    // A request that had not left yet when the connection ended goes out over the next one, which is as good.
    const times = said.kind === "right" ? 1 : 0;
    if (said.kind === "wrong" || said.kind === "other") {
      this.#wrong(trial, space, `the request was lost and the client ${said.words}`);
    }
    await this.#expectApplied(trial, space, times);
  }

  /** The connection must be open, or there is none whose answer could be lost. */
  async #prepare(trial: Trial, space: string): Promise<Place> {
    const written = trial.given ? await this.#scene.direct.put(`${space}a`, "given") : undefined;
    await this.#client.get("replies");
    return { space, revision: written?.header.revision ?? 0n };
  }

  async #loseAnswer(run: () => Promise<boolean>): Promise<Said> {
    const { outcome, random } = this.#scene;
    const lost = this.#proxy.loseAnswer(Math.floor(random() * FRAMES));
    const said = settled(run());
    await lost;
    outcome.count("lost replies");
    return said;
  }

  async #expectApplied(trial: Trial, space: string, wanted: number): Promise<void> {
    const times = await trial.applied(this.#scene.direct, space);
    if (times !== wanted) this.#wrong(trial, space, `it was applied ${times} times, expected ${wanted}`);
  }

  #wrong(trial: Trial, space: string, what: string): void {
    this.#scene.outcome.wrong(`${trial.name} in ${space}: ${what}`);
  }
}

async function settled(call: Promise<boolean>): Promise<Said> {
  const hung = pause(PATIENCE_MS).then((): Said => ({ kind: "other", words: `did not end in ${PATIENCE_MS} ms` }));
  const said = call.then(
    (right): Said => (right ? { kind: "right", words: "was answered" } : { kind: "wrong", words: "was told nonsense" }),
    (error: unknown): Said => {
      const kind = isEtcdError(error) ? error.outcome : "other";
      return { kind, words: `rejected with ${error} (${kind})` };
    },
  );
  return Promise.race([said, hung]);
}
