/**
 * The network between members is cut in one of the shapes that have brought clusters down, or it loses, delays, holds up,
 * mixes and repeats messages, breaks connections and hands on what was sent long ago.
 */
import type { Chance } from "../../src/core/seeded/chance.js";
import type { MemoryNetwork } from "../../src/simulation/memory-network.js";
import type { Nemesis } from "./nemesis.js";
import type { Fault } from "./plan.js";
import type { Strike } from "./strike.js";

type NetworkFault = Extract<
  Fault,
  "partition" | "loss" | "clog" | "slow network" | "duplicate" | "reorder" | "replay" | "reset" | "bandwidth"
>;

/** Cuts and says what it has cut. `ids` are at least two, in an order of chance. */
type Shape = (network: MemoryNetwork, ids: readonly bigint[], leader: bigint | undefined) => void;

const CUT_MS = { min: 100, max: 8000 };
/** Old messages that come back at one strike, and the milliseconds after which they do: up to minutes, mostly less. */
const OLD_MESSAGES = { min: 5, max: 60 };
const OLD_AFTER_MS = [10, 1000, 10_000, 100_000];

const SHAPES: Readonly<Record<string, Shape>> = {
  "one member": (network, ids) => network.isolate(ids[0] as bigint),
  "the leader": (network, ids, leader) => network.isolate(leader ?? (ids[0] as bigint)),
  "two halves": (network, ids) => {
    const half = Math.floor(ids.length / 2);
    for (const a of ids.slice(0, half)) for (const b of ids.slice(half)) network.cut(a, b);
  },
  "one way": (network, ids) => network.oneWay(ids[0] as bigint, ids[1] as bigint),
  "nothing reaches the leader": (network, ids, leader) => {
    for (const id of ids) if (id !== leader && leader !== undefined) network.oneWay(id, leader);
  },
  /** Two halves and one in between that both can reach. */
  bridge: (network, [bridge, ...ids]) => {
    const half = Math.floor(ids.length / 2);
    if (bridge === undefined) return;
    for (const a of ids.slice(0, half)) for (const b of ids.slice(half)) network.cut(a, b);
  },
  /** Each reaches its two neighbours alone, so that everybody sees another majority. */
  ring: (network, ids) => {
    for (const [i, a] of ids.entries()) {
      for (const [j, b] of ids.entries()) {
        const apart = Math.min(Math.abs(i - j), ids.length - Math.abs(i - j));
        if (i < j && apart > 1) network.cut(a, b);
      }
    }
  },
};

/** Members are cut off one after the other, until nobody reaches anybody, and come back in another order. */
const SWIZZLE = "swizzle";

export const NETWORK_STRIKES: Readonly<Record<NetworkFault, Strike>> = {
  partition: (nemesis, chance) => {
    const { simulation } = nemesis;
    const ids = shuffled(memberIds(nemesis), chance);
    if (ids.length < 2) return;
    const shape = chance.pick([...Object.keys(SHAPES), SWIZZLE]);
    const ms = chance.between(CUT_MS.min, CUT_MS.max);
    simulation.trace.note("world", `the network is cut for ${ms} ms: ${shape}`);
    simulation.counters.note(`cut: ${shape}`);
    nemesis.struck("partition");
    if (shape === SWIZZLE) nemesis.divide(ms, (stands) => swizzle(nemesis, ids, shuffled(ids, chance), ms, stands));
    else nemesis.divide(ms, () => SHAPES[shape]?.(simulation.network, ids, simulation.leader?.node?.raftStatus.id));
  },

  loss: (nemesis, chance) => {
    const { weather, simulation } = nemesis;
    weather.lostPercent = chance.pick([1, 5, 20, 50]);
    simulation.trace.note("world", `${weather.lostPercent} % of all messages are lost`);
    nemesis.later(chance.between(CUT_MS.min, CUT_MS.max), () => {
      weather.lostPercent = 0;
    });
  },

  clog: (nemesis, chance) => {
    const [from, to] = shuffled(memberIds(nemesis), chance);
    if (from === undefined || to === undefined) return;
    const ms = chance.between(CUT_MS.min, CUT_MS.max);
    nemesis.simulation.trace.note("world", `${from.toString(16)} > ${to.toString(16)} holds everything for ${ms} ms`);
    nemesis.weather.clog(from, to, ms);
  },

  "slow network": (nemesis, chance) => {
    const { weather, simulation } = nemesis;
    weather.slowness = chance.pick([3, 10, 40]);
    simulation.trace.note("world", `messages take ${weather.slowness} times as long`);
    nemesis.later(chance.between(CUT_MS.min, CUT_MS.max), () => {
      weather.slowness = 1;
    });
  },

  duplicate: (nemesis, chance) => {
    const { weather, simulation } = nemesis;
    weather.twicePercent = chance.pick([5, 20, 60]);
    simulation.trace.note("world", `${weather.twicePercent} % of all messages come twice`);
    nemesis.later(chance.between(CUT_MS.min, CUT_MS.max), () => {
      weather.twicePercent = 0;
    });
  },

  reorder: (nemesis, chance) => {
    const { weather, simulation } = nemesis;
    weather.disorderMs = chance.pick([5, 50, 400]);
    simulation.trace.note("world", `messages overtake each other within ${weather.disorderMs} ms`);
    nemesis.later(chance.between(CUT_MS.min, CUT_MS.max), () => {
      weather.disorderMs = 0;
    });
  },

  /** Sender and receiver may have begun new lives in the meantime. */
  replay: (nemesis, chance) => {
    const { network, trace } = nemesis.simulation;
    const record = network.keepRecord();
    const count = chance.between(OLD_MESSAGES.min, OLD_MESSAGES.max);
    for (let i = 0; i < count; i++) {
      const old = record.pick(chance);
      const afterMs = chance.int(chance.pick(OLD_AFTER_MS));
      if (old !== undefined) nemesis.later(afterMs, () => network.replay(old));
    }
    trace.note("world", `${count} old messages will come again`);
  },

  /** Half of the time not before a snapshot is on its way. */
  reset: (nemesis, chance) => {
    const { weather, simulation } = nemesis;
    const { network, trace } = simulation;
    if (chance.percent(50)) {
      weather.onPiece = (from, to) => {
        trace.note("world", `a snapshot's connection is reset, ${from.toString(16)} > ${to.toString(16)}`);
        simulation.counters.note("snapshot cut by a reset");
        network.reset(from, to);
      };
      return;
    }
    const [a, ...others] = shuffled(memberIds(nemesis), chance);
    if (a === undefined) return;
    const partners = others.slice(0, chance.pick([1, 1, others.length]));
    trace.note("world", `connections of ${a.toString(16)} to ${partners.length} members are reset`);
    for (const b of partners) network.reset(a, b);
  },

  bandwidth: (nemesis, chance) => {
    const { weather, simulation } = nemesis;
    weather.bytesPerMs = chance.pick([8, 32, 128]);
    simulation.trace.note("world", `snapshots travel at ${weather.bytesPerMs} bytes a millisecond`);
    nemesis.later(chance.between(CUT_MS.min, 3 * CUT_MS.max), () => {
      weather.bytesPerMs = Number.POSITIVE_INFINITY;
    });
  },
};

/** One half of the time is for the cuts, the other one for their end. */
function swizzle(
  nemesis: Nemesis,
  ids: readonly bigint[],
  backIds: readonly bigint[],
  ms: number,
  stands: () => boolean,
): void {
  const { network } = nemesis.simulation;
  const stepMs = ms / (2 * ids.length);
  const inTurn = (steps: readonly bigint[], fromMs: number, step: (id: bigint) => void): void => {
    for (const [i, id] of steps.entries()) {
      nemesis.later(fromMs + i * stepMs, () => {
        if (stands()) step(id);
      });
    }
  };
  inTurn(ids, 0, (id) => network.isolate(id));
  inTurn(backIds, ms / 2, (id) => network.rejoin(id));
}

function memberIds({ simulation }: Nemesis): bigint[] {
  return simulation.machines.flatMap(({ node }) => (node === undefined ? [] : [node.raftStatus.id]));
}

function shuffled<T>(values: readonly T[], chance: Chance): T[] {
  const left = [...values];
  return values.map(() => left.splice(chance.int(left.length), 1)[0] as T);
}
