/** L4 of one member after the other: each step of every service is tried until it succeeds. */
import { Lease, Watch } from "@kvorum/proto";
import { RpcError } from "@kvorum/transport";
import { violated } from "../../../packages/server/testing/simulation/violation.js";
import type { Request } from "../checker/history.js";
import { bytes, call } from "../wire.js";
import { CALL, demand, type Healed, servers, withinMs } from "./healed.js";

const RETRY_MS = 100;

/** One after the other, through each member: a write, a read, an event, and the life of a lease. */
export async function demandServices(healed: Healed): Promise<void> {
  for (const { name } of servers(healed)) {
    const served = new Serving(healed, name);
    await demand(
      healed,
      "L4",
      () => `${name} serves ${served.step} (${served.last})`,
      withinMs(healed),
      () => {
        if (served.failure !== undefined) throw served.failure;
        return served.done;
      },
    );
  }
}

/** What is asked of one member, step by step; each is tried until it succeeds. */
class Serving {
  done = false;
  step = "nothing";
  last = "no error yet";
  failure: unknown;
  readonly #healed: Healed;
  readonly #name: string;
  #values = 0;

  constructor(healed: Healed, name: string) {
    this.#healed = healed;
    this.#name = name;
    void this.#serve().catch((error: unknown) => {
      this.failure = error;
    });
  }

  async #serve(): Promise<void> {
    const client = this.#healed.witnesses.nextClient();
    const key = `l/${this.#name}`;
    const revision = await this.#until("a write", () =>
      this.#recorded(client, { kind: "put", key, value: `${client}.${++this.#values}` }),
    );
    await this.#until("a linearizable read", () => this.#recorded(client, { kind: "range", key }));
    await this.#until("a watch", () => this.#watch(key, revision));
    await this.#until("the life of a lease", () => this.#lease());
    this.done = true;
  }

  async #until<T>(step: string, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        this.step = step;
        return await work();
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        this.last = error.message;
        await this.#healed.environment.pause(RETRY_MS);
      }
    }
  }

  async #recorded(client: number, request: Request): Promise<number> {
    const { environment, witnesses } = this.#healed;
    const invoke = environment.nowMs();
    try {
      const answer = await call(environment.connect(this.#name), request, CALL);
      const outcome = { status: "acknowledged", ...answer } as const;
      witnesses.record({ client, invoke, return: environment.nowMs(), request, outcome });
      return answer.revision;
    } catch (error) {
      const outcome = { status: "unknown" } as const;
      if (request.kind === "put") {
        witnesses.record({ client, invoke, return: environment.nowMs(), request, outcome });
      }
      throw error;
    }
  }

  async #watch(key: string, revision: number): Promise<void> {
    const value = { key: bytes(key), startRevision: BigInt(revision) };
    const requests = async function* () {
      yield { requestUnion: { case: "createRequest" as const, value } };
      await new Promise(() => {});
    };
    for await (const { events } of this.#healed.environment
      .connect(this.#name, true)
      .stream(Watch.method.watch, requests())) {
      if (events.length > 0) return;
    }
  }

  async #lease(): Promise<void> {
    const channel = this.#healed.environment.connect(this.#name);
    const { ID } = await channel.unary(Lease.method.leaseGrant, { TTL: 30n }, CALL);
    const keepAlive = async function* () {
      yield { ID };
      await new Promise(() => {});
    };
    for await (const { TTL } of channel.stream(Lease.method.leaseKeepAlive, keepAlive())) {
      if (TTL !== 30n) violated("L4", `${this.#name} renews lease ${ID} for ${TTL} s, granted for 30 s`);
      break;
    }
    await channel.unary(Lease.method.leaseRevoke, { ID }, CALL);
  }
}
