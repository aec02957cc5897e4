/** What the network in memory can do to messages and connections besides cutting them: twice, out of order, late, broken. */
import { describe, expect, it } from "vitest";
import type { Message } from "../src/core/raft/types.js";
import {
  addressOf,
  append,
  collect,
  connected,
  heartbeat,
  type Participant,
  PiecesBody,
  pair,
  participant,
  settled,
  snapshotMessage,
} from "../src/io/peers/contract-world.js";
import { PeerUnavailableError } from "../src/peer-network.js";
import type { MemoryNetworkOptions, NetworkEffect } from "../src/simulation/memory-network.js";
import { SeededRandom } from "../src/simulation/seeded-random.js";
import { MemoryWorld } from "./memory-world.js";
import { Weather } from "./simulation/weather.js";

const PROPOSAL: Message = {
  ...{ type: "propose", from: 1n, to: 2n, term: 1 },
  entries: [{ type: "command", data: Uint8Array.of(1) }],
};

interface Scene {
  readonly world: MemoryWorld;
  readonly one: Participant;
  readonly two: Participant;
  readonly effects: readonly NetworkEffect[];
}

/** Members 1 and 2, connected. */
async function scene(options: Partial<MemoryNetworkOptions> = {}): Promise<Scene> {
  const effects: NetworkEffect[] = [];
  const world = new MemoryWorld({ onEffect: (effect) => effects.push(effect), ...options });
  const [one, two] = await pair(world);
  return { world, one, two, effects };
}

const indexesOf = (messages: readonly Message[]): number[] =>
  messages.flatMap((message) => (message.type === "append" ? [message.prevIndex + 1] : []));

describe("a message that comes twice", () => {
  it("arrives again after its lag, and is the same", async () => {
    const { world, one, two, effects } = await scene({ fate: () => ({ delayMs: 1, againMs: [50] }) });
    one.peers.send([append(1n, 2n, 1)]);
    await world.pass(50);
    expect([indexesOf(two.witness.received), effects]).toEqual([[1], []]);
    await world.pass(1);
    expect(two.witness.received).toEqual([append(1n, 2n, 1), append(1n, 2n, 1)]);
    expect(effects).toEqual(["duplicate"]);
  });

  it("is never a forwarded proposal", async () => {
    const { world, one, two, effects } = await scene({ fate: () => ({ delayMs: 1, againMs: [5] }) });
    one.peers.send([PROPOSAL]);
    await world.pass(100);
    expect([two.witness.received, effects]).toEqual([[PROPOSAL], []]);
  });
});

describe("messages out of order", () => {
  it("overtake each other, and those that follow them keep theirs", async () => {
    const delays = [30, 10, 20];
    const fate = () => {
      const delayMs = delays.shift();
      return delayMs === undefined ? undefined : { delayMs, unordered: true };
    };
    const { world, one, two, effects } = await scene({ fate });
    one.peers.send([1, 2, 3].map((index) => append(1n, 2n, index)));
    await world.pass(30);
    expect(indexesOf(two.witness.received)).toEqual([2, 3, 1]);
    expect(effects).toEqual(["reorder"]);
    one.peers.send([append(1n, 2n, 4), append(1n, 2n, 5)]);
    await world.pass(1);
    expect(indexesOf(two.witness.received)).toEqual([2, 3, 1, 4, 5]);
  });
});

describe("an old message", () => {
  it("arrives minutes later, after new lives of both", async () => {
    const { world, one, two, effects } = await scene();
    const record = world.network.keepRecord();
    one.peers.send([append(1n, 2n, 7)]);
    await world.pass(1);
    await Promise.all([one.close(), two.close()]);
    await world.pass(120_000);
    await participant(world, 1n, { url: one.url });
    const again = await participant(world, 2n, { url: two.url });
    const old = record.pick(new SeededRandom(1));
    if (old === undefined) throw new Error("nothing was recorded");
    world.network.replay(old);
    expect(again.witness.received).toEqual([append(1n, 2n, 7)]);
    expect(effects).toEqual(["replay"]);
  });

  it("does not come through a cut, nor to another member, nor from one that was removed", async () => {
    const { world, one, two, effects } = await scene();
    const record = world.network.keepRecord();
    one.peers.send([append(1n, 2n, 7)]);
    await world.pass(1);
    const old = record.pick(new SeededRandom(1));
    if (old === undefined) throw new Error("nothing was recorded");
    world.network.cut(1n, 2n);
    world.network.replay(old);
    world.network.heal();
    two.witness.removedIds.add(1n);
    world.network.replay(old);
    await two.close();
    world.network.replay(old);
    const other = await participant(world, 3n, { url: two.url });
    world.network.replay(old);
    expect([two.witness.received.length, other.witness.received, effects]).toEqual([1, [], []]);
    expect(one.witness.timesRemoved).toBe(0);
  });

  it("is never a forwarded proposal, and a rare one is not pushed out by many others", async () => {
    const { world, one } = await scene();
    const record = world.network.keepRecord();
    one.peers.send([PROPOSAL, append(1n, 2n, 7)]);
    for (let round = 1; round <= 1000; round++) one.peers.send([heartbeat(1n, 2n, round)]);
    await world.pass(1);
    const random = new SeededRandom(1);
    const types = new Set(Array.from({ length: 100 }, () => record.pick(random)?.type));
    expect([...types].sort()).toEqual(["append", "heartbeat"]);
  });

  it("costs nothing where no record is kept", async () => {
    const { world, one } = await scene();
    one.peers.send([append(1n, 2n, 7)]);
    expect(world.network.record).toBeUndefined();
  });
});

describe("a reset", () => {
  it("loses what is on its way in both directions, is told to both, and both connect again", async () => {
    const { world, one, two, effects } = await scene({ delayMs: 10 });
    one.peers.send([append(1n, 2n, 1)]);
    two.peers.send([heartbeat(2n, 1n)]);
    await world.pass(5);
    world.network.reset(1n, 2n);
    await world.clock.settle();
    expect([one.witness.lost, two.witness.lost]).toEqual([[2n], [1n]]);
    expect([one.peers.connectedSince(2n), two.peers.connectedSince(1n)]).toEqual([undefined, undefined]);
    await world.pass(100);
    expect([one.witness.received, two.witness.received]).toEqual([[], []]);
    await connected(world, one, two);
    await connected(world, two, one);
    one.peers.send([append(1n, 2n, 2)]);
    await world.pass(10);
    expect(indexesOf(two.witness.received)).toEqual([2]);
    expect(effects).toEqual(["reset"]);
  });

  it("leaves the connections to others alone, and a second one at once is none", async () => {
    const { world, one, two, effects } = await scene();
    const three = await participant(world, 3n);
    three.peers.setPeers([addressOf(one)]);
    await connected(world, three, one);
    const sinceMs = three.peers.connectedSince(1n);
    await world.pass(10);
    world.network.reset(1n, 2n);
    world.network.reset(2n, 1n);
    expect(effects).toEqual(["reset"]);
    await connected(world, one, two);
    expect(three.peers.connectedSince(1n)).toBe(sinceMs);
  });

  it("does not hold up a new connection behind what the old one held up", async () => {
    let delayMs = 5000;
    const { world, one, two } = await scene({ fate: () => ({ delayMs }) });
    one.peers.send([append(1n, 2n, 1)]);
    delayMs = 1;
    world.network.reset(1n, 2n);
    await connected(world, one, two);
    one.peers.send([append(1n, 2n, 2)]);
    await world.pass(1);
    expect(indexesOf(two.witness.received)).toEqual([2]);
  });

  it("fails a snapshot in the middle, at both ends", async () => {
    const { world, one, two } = await scene();
    const failures: unknown[] = [];
    two.witness.takeSnapshot = async (_message, incoming) => {
      await collect(incoming.pieces).catch((error) => failures.push(error));
    };
    const body = new PiecesBody(
      Array.from({ length: 100 }, () => new Uint8Array(10)),
      1000,
    );
    one.peers.sendSnapshot(snapshotMessage(1n, 2n), body);
    await world.pass(50);
    expect([failures, one.witness.sent]).toEqual([[], []]);
    world.network.reset(1n, 2n);
    await world.pass(2);
    expect(one.witness.sent).toEqual(["2 failed"]);
    expect(String(failures)).toContain("reset");
    expect(body.closed).toBeGreaterThan(0);
    const next = new PiecesBody([Uint8Array.of(1)], 1);
    one.peers.sendSnapshot(snapshotMessage(1n, 2n), next);
    await world.eventually(() => one.witness.sent.length === 2, "the outcome");
    expect(one.witness.sent[1]).toBe("2 finished");
  });

  it("leaves a question without an answer, at once", async () => {
    const { world, one, two } = await scene();
    two.witness.answerWith = () => new Promise(() => {});
    const asking = one.peers.ask(2n, { kind: "lease-renew", id: 7n }, 60_000);
    let ended = false;
    asking.catch(() => {
      ended = true;
    });
    await world.pass(100);
    expect(ended).toBe(false);
    world.network.reset(1n, 2n);
    await world.pass(1);
    expect(ended).toBe(true);
    const result = await settled(world, asking);
    expect(result.status === "rejected" && result.reason).toBeInstanceOf(PeerUnavailableError);
  });
});

describe("a narrow line", () => {
  it("takes a snapshot as long as its bytes need", async () => {
    const { world, one, two } = await scene({ pieceMs: (_from, _to, bytes) => bytes / 10 });
    two.witness.takeSnapshot = async (_message, { pieces }) => void (await collect(pieces));
    const body = new PiecesBody([new Uint8Array(5000), new Uint8Array(5000)], 10_000);
    const startMs = world.clock.nowMs();
    one.peers.sendSnapshot(snapshotMessage(1n, 2n), body);
    await world.eventually(() => one.witness.sent.length > 0, "the outcome");
    expect(one.witness.sent).toEqual(["2 finished"]);
    expect(world.clock.nowMs() - startMs).toBeGreaterThanOrEqual(1000);
    expect(world.clock.nowMs() - startMs).toBeLessThan(1010);
  });
});

describe("a member that is cut off", () => {
  it("can come back alone", async () => {
    const { world, one, two } = await scene({ noticeMs: 10 });
    const three = await participant(world, 3n);
    three.peers.setPeers([addressOf(one)]);
    await connected(world, three, one);
    for (const id of [2n, 3n]) world.network.isolate(id);
    await world.pass(20);
    world.network.rejoin(2n);
    await connected(world, one, two);
    expect(three.peers.connectedSince(1n)).toBeUndefined();
    expect(world.network.isOpen(1n, 3n)).toBe(false);
  });
});

describe("the weather", () => {
  /** What arrived of a hundred messages, and when. */
  async function stormyDay(change: (weather: Weather) => void): Promise<readonly string[]> {
    const weather: Weather = new Weather({
      ...{ seed: 3, nowMs: () => world.clock.nowMs() },
      delayMs: () => world.network.delayMs(),
    });
    const { world, one, two } = await scene({
      delayMs: { min: 1, max: 9 },
      fate: (message) => weather.fateOf(message),
    });
    const seen: string[] = [];
    two.witness.receive = (message) =>
      void seen.push(`${world.clock.nowMs()} ${message.type === "append" && message.prevIndex}`);
    change(weather);
    for (let index = 1; index <= 100; index++) {
      one.peers.send([append(1n, 2n, index)]);
      await world.pass(1);
    }
    await world.pass(1200);
    return seen;
  }

  const numbersOf = (seen: readonly string[]): string[] => seen.map((line) => line.split(" ")[1] ?? "");
  const ascending = Array.from({ length: 100 }, (_, index) => `${index}`);

  it("of a seed repeats copies, order and times", async () => {
    const storm = (weather: Weather): void => {
      Object.assign(weather, { twicePercent: 30, disorderMs: 20, lostPercent: 10 });
    };
    const [first, second] = [await stormyDay(storm), await stormyDay(storm)];
    expect(first).toEqual(second);
    expect(new Set(first).size).toBeGreaterThan(80);
  });

  it("brings copies of the share that it says, and changes nothing else", async () => {
    const [fine, seen] = [
      await stormyDay(() => {}),
      await stormyDay((weather) => Object.assign(weather, { twicePercent: 20 })),
    ];
    expect(numbersOf(fine)).toEqual(ascending);
    expect(seen.length).toBeGreaterThan(110);
    expect(seen.length).toBeLessThan(130);
    expect(fine.filter((line) => !seen.includes(line))).toEqual([]);
  });

  it("mixes messages and loses none", async () => {
    const numbers = numbersOf(await stormyDay((weather) => Object.assign(weather, { disorderMs: 20 })));
    expect(numbers).not.toEqual(ascending);
    expect(numbers.sort((a, b) => Number(a) - Number(b))).toEqual(ascending);
  });

  it("that is healed is fine", async () => {
    const numbers = numbersOf(
      await stormyDay((weather) => {
        Object.assign(weather, { twicePercent: 100, disorderMs: 50, lostPercent: 100, slowness: 9, bytesPerMs: 1 });
        weather.onPiece = () => {
          throw new Error("it was not healed");
        };
        weather.heal();
        expect(weather.pieceMs(1n, 2n, 1000)).toBe(0);
      }),
    );
    expect(numbers).toEqual(ascending);
  });
});
