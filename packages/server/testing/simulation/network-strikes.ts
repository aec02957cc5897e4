/** The network between members is cut in one of the shapes that have brought clusters down, or loses, delays and holds up. */
import type { Chance } from "../../src/core/raft/testing/cluster-random.js";
import type { MemoryNetwork } from "../memory-network.js";
import type { Nemesis } from "./nemesis.js";
import type { Fault } from "./plan.js";
import type { Strike } from "./strike.js";

type NetworkFault = Extract<Fault, "partition" | "loss" | "clog" | "slow network">;

/** Cuts and says what it has cut. `ids` are at least two, in an order of chance. */
type Shape = (network: MemoryNetwork, ids: readonly bigint[], leader: bigint | undefined) => void;

const CUT_MS = { min: 100, max: 8000 };

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

export const NETWORK_STRIKES: Readonly<Record<NetworkFault, Strike>> = {
  partition: (nemesis, chance) => {
    const { simulation } = nemesis;
    const ids = shuffled(memberIds(nemesis), chance);
    if (ids.length < 2) return;
    const shape = chance.pick(Object.keys(SHAPES));
    const ms = chance.between(CUT_MS.min, CUT_MS.max);
    simulation.trace.note("world", `the network is cut for ${ms} ms: ${shape}`);
    simulation.counters.note(`cut: ${shape}`);
    nemesis.struck("partition");
    nemesis.divide(ms, () => SHAPES[shape]?.(simulation.network, ids, simulation.leader?.node?.raftStatus.id));
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
};

function memberIds({ simulation }: Nemesis): bigint[] {
  return simulation.machines.flatMap(({ node }) => (node === undefined ? [] : [node.raftStatus.id]));
}

function shuffled<T>(values: readonly T[], chance: Chance): T[] {
  const left = [...values];
  return values.map(() => left.splice(chance.int(left.length), 1)[0] as T);
}
