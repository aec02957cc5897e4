/** When the applied state reaches the backend, and when it is durable. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { StateMachine } from "../core/apply/state-machine.js";
import type { PutOperation } from "../core/mvcc/operations.js";
import { MemoryBackend, MemoryStore } from "../io/backend/memory-backend.js";
import { NO_FAILPOINTS } from "../io/no-failpoints.js";
import { BackendWriter } from "./backend-writer.js";
import { DEFAULT_TUNING } from "./tuning.js";

const put = (key: number, size = 1): PutOperation => ({
  kind: "put",
  key: Uint8Array.of(key & 255, key >> 8),
  value: new Uint8Array(size),
  lease: 0n,
  prevKv: false,
  ignoreValue: false,
  ignoreLease: false,
});

class Fixture {
  readonly clock = new ManualClock();
  readonly store = new MemoryStore();
  readonly backend = new MemoryBackend(this.store);
  readonly machine = StateMachine.open({ backend: this.backend, lessor: { minTtlSeconds: 2 } });
  readonly errors: unknown[] = [];
  readonly writer = new BackendWriter({
    machine: this.machine,
    backend: this.backend,
    clock: this.clock,
    failpoints: NO_FAILPOINTS,
    tuning: DEFAULT_TUNING,
    onError: (error) => this.errors.push(error),
  });

  apply(count: number, size?: number): void {
    for (let n = 0; n < count; n++) {
      this.machine.apply({ index: this.machine.appliedIndex + 1, term: 1, command: put(n, size) }, 0);
    }
    this.writer.noteChange();
  }
}

describe("the backend writer", () => {
  it("commits 100 ms after the first change, and makes it durable behind that", async () => {
    const fixture = new Fixture();
    fixture.apply(3);
    await fixture.clock.advance(99);
    expect(fixture.backend.appliedAt().index).toBe(0);
    await fixture.clock.advance(1);
    expect(fixture.backend.appliedAt().index).toBe(3);
    await fixture.clock.settle();
    expect(fixture.backend.durableAt().index).toBe(3);
    expect(fixture.clock.pendingTimers).toBe(0);
  });

  it("commits at once when many changes or bytes wait", () => {
    const many = new Fixture();
    many.apply(10_000);
    expect(many.backend.appliedAt().index).toBe(10_000);
    const large = new Fixture();
    large.apply(17, 1024 * 1024);
    expect(large.backend.appliedAt().index).toBe(17);
  });

  it("records the mark of entries without effect too", async () => {
    const fixture = new Fixture();
    fixture.machine.apply({ index: 1, term: 1 }, 0);
    fixture.writer.noteChange();
    await fixture.clock.advance(100);
    expect(fixture.backend.appliedAt().index).toBe(1);
  });

  it("flushes to a mark that covers everything applied before the call", async () => {
    const fixture = new Fixture();
    fixture.apply(5);
    fixture.writer.commit();
    fixture.apply(1);
    expect(await fixture.writer.flush()).toMatchObject({ index: 6 });
    expect(fixture.store.durable.at.index).toBe(6);
  });

  it("makes a commit durable that was made while a flush ran", async () => {
    const fixture = new Fixture();
    fixture.apply(1);
    fixture.writer.commit();
    fixture.apply(1);
    fixture.writer.commit();
    await fixture.clock.settle();
    expect(fixture.backend.durableAt().index).toBe(2);
  });

  it("leaves the backend alone while it is paused", async () => {
    const fixture = new Fixture();
    fixture.apply(1);
    await fixture.writer.pause();
    expect(fixture.backend.durableAt().index).toBe(1);
    fixture.apply(1);
    const flushed = fixture.writer.flush();
    await fixture.clock.advance(500);
    expect(fixture.backend.appliedAt().index).toBe(1);
    fixture.writer.resume();
    expect(await flushed).toMatchObject({ index: 2 });
  });

  it("counts what waits as used space", () => {
    const fixture = new Fixture();
    const before = fixture.writer.size.bytes;
    fixture.apply(1, 50_000);
    expect(fixture.writer.size.bytes - before).toBeGreaterThanOrEqual(50_000);
  });

  it("reports an engine that fails", async () => {
    const fixture = new Fixture();
    fixture.apply(1);
    await fixture.backend.close();
    await fixture.clock.advance(100);
    expect(fixture.errors).toHaveLength(1);
  });
});
