/**
 * A fleet under faults that chance chooses, judged by the model of a registry: workers begin, leave, die and are cut off, members
 * crash and come back, replies get lost, keys and leases are taken away. In the time of a test cluster; a seed is a run.
 */
import { type Client, prefix } from "@kvorum/client";
import { createTestCluster, type TestCluster } from "@kvorum/client/testing";
import { Discovery, type Registration, ServiceRegistry } from "@kvorum/concurrency/recipes";
import { describe, expect, it } from "vitest";
import { judge } from "../coordination/model.js";
import { type RegistryEvent, registryModel } from "../coordination/models/registry.js";
import { seeded } from "../support/random.js";

const TTL_SECONDS = 4;
/** The server may notice half a second late, and a renewal that was under way when the worker died still counts. */
const BOUNDS = { goneMs: TTL_SECONDS * 1_000 + 1_500, healMs: 6_000 };
const STEPS = 40;

interface Worker {
  readonly addr: string;
  readonly client: Client;
  readonly registration: Registration;
  state: "there" | "cut" | "stalled";
}

class Fleet {
  readonly events: RegistryEvent[] = [];
  readonly did: string[] = [];
  readonly #cluster: TestCluster;
  readonly #random: () => number;
  readonly #observer: Client;
  readonly #workers: Worker[] = [];
  #begun = 0;
  #down: string | undefined;

  constructor(cluster: TestCluster, random: () => number) {
    this.#cluster = cluster;
    this.#random = random;
    this.#observer = cluster.client({ name: "observer" });
  }

  async step(): Promise<void> {
    const action = this.#oneOf([
      ...[this.#begin, this.#begin, this.#leave, this.#die, this.#cut, this.#stall, this.#reconnect, this.#reconnect],
      ...[this.#crash, this.#restart, this.#vandalize, this.#expire, this.#loseReplies, this.#compact],
    ]);
    await action?.call(this);
    await this.#cluster.advance(Math.floor(this.#random() * 4_000));
    await this.look();
  }

  async look(): Promise<void> {
    const atMs = this.#cluster.now;
    const keys = await this.#cluster.until(this.#observer.keys(prefix("fleet/"), { timeout: 60_000 }));
    const addresses = keys.map((key) => key.slice("fleet/".length));
    this.events.push({ atMs, worker: "observer", kind: "seen", addresses });
  }

  /** All faults are over. Resolves with the addresses of those that are there. */
  async settle(): Promise<string[]> {
    await this.#restart();
    while (this.#workers.some(({ state }) => state !== "there")) this.#reconnect();
    await this.#cluster.advance(30_000);
    await this.look();
    return this.#workers.map(({ addr }) => addr).sort();
  }

  async #begin(): Promise<void> {
    const addr = `w${this.#begun++}:1`;
    const client = this.#cluster.client({ name: addr });
    this.#note("begin", addr);
    const options = { ttl: TTL_SECONDS, timeout: 60_000 };
    const registering = new ServiceRegistry(client).register("fleet", { addr }, options);
    const registration = await this.#cluster.until(registering, { within: 90_000 });
    this.#note("registered", addr);
    this.#workers.push({ addr, client, registration, state: "there" });
  }

  async #leave(): Promise<void> {
    const worker = this.#oneOf(this.#workers.filter(({ state }) => state === "there"));
    if (worker === undefined || this.#down !== undefined) return;
    this.#note("leave", worker.addr);
    this.#workers.splice(this.#workers.indexOf(worker), 1);
    await this.#cluster.until(worker.registration.close());
    this.#note("left", worker.addr);
  }

  #die(): void {
    const worker = this.#oneOf(this.#workers.filter(({ state }) => state !== "stalled"));
    if (worker === undefined) return;
    this.#cluster.pause(worker.client);
    this.#workers.splice(this.#workers.indexOf(worker), 1);
    this.#note("died", worker.addr);
  }

  #cut(): void {
    const worker = this.#oneOf(this.#workers.filter(({ state }) => state === "there"));
    if (worker === undefined) return;
    this.#cluster.partition([worker.client]);
    worker.state = "cut";
    this.#note("cut", worker.addr);
  }

  /** As by SIGSTOP: it does not know that time passes. */
  #stall(): void {
    const worker = this.#oneOf(this.#workers.filter(({ state }) => state === "there"));
    if (worker === undefined) return;
    this.#cluster.pause(worker.client);
    worker.state = "stalled";
    this.#note("cut", worker.addr);
    this.did.push("stall");
  }

  /** Everybody at once: that is how partitions of a test cluster end. */
  #reconnect(): void {
    this.#cluster.heal();
    for (const worker of this.#workers) {
      if (worker.state === "there") continue;
      if (worker.state === "stalled") this.#cluster.resume(worker.client);
      worker.state = "there";
      this.#note("healed", worker.addr);
    }
  }

  async #crash(): Promise<void> {
    if (this.#down !== undefined) return;
    this.#down = this.#oneOf(["n1", "n2", "n3"]) ?? "n1";
    this.events.push({ atMs: this.#cluster.now, worker: "cluster", kind: "outage" });
    await this.#cluster.crash(this.#down);
    await this.#cluster.until(this.#observer.get("any", { timeout: 60_000 }));
    this.events.push({ atMs: this.#cluster.now, worker: "cluster", kind: "serving" });
    this.did.push("crash");
  }

  async #restart(): Promise<void> {
    if (this.#down === undefined) return;
    await this.#cluster.restart(this.#down);
    this.#down = undefined;
  }

  async #vandalize(): Promise<void> {
    const worker = this.#oneOf(this.#workers.filter(({ state }) => state === "there"));
    if (worker === undefined) return;
    await this.#cluster.until(
      this.#observer.delete(worker.registration.key, { timeout: 30_000 }).catch(() => undefined),
    );
    this.#note("healed", worker.addr);
    this.did.push("vandalize");
  }

  async #expire(): Promise<void> {
    const worker = this.#oneOf(this.#workers.filter(({ state }) => state === "there"));
    if (worker === undefined) return;
    await this.#cluster.expireLease(worker.registration.leaseId);
    this.#note("healed", worker.addr);
    this.did.push("expire");
  }

  #loseReplies(): void {
    this.#cluster.dropReplies(2);
    this.did.push("loseReplies");
  }

  async #compact(): Promise<void> {
    // A revision is compacted once.
    await this.#cluster.until(this.#observer.put("other", "", { retry: "exactly-once", timeout: 30_000 }));
    await this.#cluster.compact();
    this.did.push("compact");
  }

  #note(kind: Exclude<RegistryEvent["kind"], "seen" | "outage" | "serving">, addr: string): void {
    this.events.push({ atMs: this.#cluster.now, worker: addr, kind, addr });
    this.did.push(kind);
  }

  #oneOf<T>(values: readonly T[]): T | undefined {
    return values[Math.floor(this.#random() * values.length)];
  }
}

describe("a fleet under faults", () => {
  it.each([1, 2, 3])("is seen as the model of a registry allows, with seed %i", async (seed) => {
    await using cluster = await createTestCluster({ seed });
    const fleet = new Fleet(cluster, seeded(seed));
    await using directory = new Discovery(cluster.client()).watch("fleet");
    for (let i = 0; i < STEPS; i++) await fleet.step();
    const there = await fleet.settle();
    const { violation } = judge(registryModel(BOUNDS), fleet.events);
    expect(violation, fleet.did.join(" ")).toBeUndefined();
    expect(new Set(fleet.did).size, fleet.did.join(" ")).toBeGreaterThan(5);
    // The directory has come to see the same as the cluster.
    await cluster.until(() => !directory.stale);
    expect(directory.instances.map(({ addr }) => addr).sort()).toEqual(there);
  });
});
