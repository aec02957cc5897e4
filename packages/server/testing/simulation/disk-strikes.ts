/** Disks are slow, fail, are full, decay or are gone. */
import type { Chance } from "../../src/core/seeded/chance.js";
import { WalCorruptError } from "../../src/io/wal/errors.js";
import { StartRefusedError } from "../../src/node/start-refused.js";
import type { Machine } from "../../src/simulation/machine.js";
import { decay } from "./decay.js";
import { causesOf } from "./excuses.js";
import type { DiskFailure } from "./hardware.js";
import type { Nemesis } from "./nemesis.js";
import type { Fault } from "./plan.js";
import { running, type Strike, serving, strike } from "./strike.js";
import { violated } from "./violation.js";

type DiskFault = Extract<Fault, "slow disk" | "sync error" | "read error" | "no space" | "damage" | "wipe">;

const SLOW_MS = { min: 500, max: 10_000 };
const READ_OR_SYNCED = { "sync error": "synced", "read error": "read", "no space": "written" } as const;
const SPIKE_MS = { min: 1000, max: 10_000 };
/** In which a process must end whose log could not be synced or read; pauses do not count. */
const ENDS_WITHIN_MS = 1000;
/** Milliseconds that a machine is off before its disk is touched, so that nothing it has said is on its way any more. */
const OFF_MS = { min: 1000, max: 4000 };

export const DISK_STRIKES: Readonly<Record<DiskFault, Strike>> = {
  "slow disk": (nemesis, chance) => {
    const machine = running(nemesis, chance);
    if (machine === undefined) return;
    const hardware = nemesis.simulation.hardware(machine.name);
    if (chance.percent(50)) {
      hardware.spikeMs = chance.between(SPIKE_MS.min, SPIKE_MS.max);
      nemesis.simulation.trace.note(machine.name, `will wait ${hardware.spikeMs} ms for its disk`);
    } else {
      hardware.slowness = chance.pick([5, 20, 50]);
      nemesis.simulation.trace.note(machine.name, `has a disk ${hardware.slowness} times as slow`);
      nemesis.later(chance.between(SLOW_MS.min, SLOW_MS.max), () => {
        hardware.slowness = 1;
      });
    }
    hardware.onSlow = (delayMs) => {
      hardware.slowUntilMs = Math.max(hardware.slowUntilMs, nemesis.simulation.world.nowMs + delayMs);
      nemesis.struck("slow disk");
    };
  },

  "sync error": (nemesis, chance) => fail(nemesis, running(nemesis, chance), "sync error"),
  /** A running member reads nothing of its disk but a snapshot that has come in; a start reads its log. */
  "read error": (nemesis, chance) => {
    const machine = running(nemesis, chance);
    if (machine === undefined) return;
    fail(nemesis, machine, "read error");
    // A start reads who the log belongs to and then each of its segments.
    nemesis.simulation.hardware(machine.name).goodReads = chance.int(4);
    if (chance.percent(30)) return;
    machine.kill();
    nemesis.restart(machine, chance.between(OFF_MS.min, OFF_MS.max));
  },

  "no space": (nemesis, chance) => fail(nemesis, running(nemesis, chance), "no space"),

  damage: (nemesis, chance) => {
    takeDown(nemesis, chance, (machine) => {
      const { disk } = machine;
      machine.losePower({ sectorSurvives: () => true, directoriesSurvive: true });
      const damage = decay(disk, chance);
      if (damage === undefined) return;
      const { path, offset, frameOffset, kind, original } = damage;
      strike(nemesis, "damage", machine, `has a ${kind} in ${path} at ${offset}, frame ${frameOffset}`);
      nemesis.simulation.oracle.damaged(machine);
      nemesis.lost(machine, {
        fault: "damage",
        explains: (cause) =>
          [...causesOf(cause)].some(
            (error) => error instanceof WalCorruptError && error.file === path && error.offset === frameOffset,
          ),
        repair: () => disk.damage(path, offset, original),
      });
    });
  },

  /**
   * The volume with the data is not there when the machine starts; after the refusal it is put back. A member whose name no
   * other member knows yet cannot be told from a new one, so it is spared. One that can ask nobody cannot know either: it
   * is stopped before it says anything.
   */
  wipe: (nemesis, chance) => {
    takeDown(nemesis, chance, (machine) => {
      const { disk } = machine;
      if (!isKnownToOthers(nemesis, machine)) return;
      strike(nemesis, "wipe", machine, "starts with an empty disk");
      machine.wipe();
      const heardOfOthers = [canAskOthers(nemesis, machine)];
      nemesis.lost(machine, {
        fault: "wipe",
        // It takes itself for a new member then, and could vote once more before its first handshake is answered.
        unnoticed: () => [...heardOfOthers, canAskOthers(nemesis, machine)].includes(false),
        explains: (cause) =>
          [...causesOf(cause)].some(
            (error) => error instanceof StartRefusedError && error.message.includes("its log is not here"),
          ),
        repair: () => {
          machine.disk = disk;
        },
      });
    });
  },
};

/**
 * Whether every other member has the name of the machine in its list of members, and one of them is still where the machine
 * was told that it is: a machine that knows of nobody must take itself for the first one.
 */
function isKnownToOthers(nemesis: Nemesis, machine: Machine): boolean {
  const others = nemesis.membership.machines.filter((other) => other !== machine);
  return (
    othersTold(nemesis, machine).length > 0 &&
    others.every(({ node }) => node?.members.some(({ name }) => name === machine.name))
  );
}

/** Whether one of those that the machine was told of would answer a question from there now. */
function canAskOthers(nemesis: Nemesis, machine: Machine): boolean {
  const { network } = nemesis.simulation;
  const from = machine.node?.raftStatus.id;
  return othersTold(nemesis, machine).some(
    ({ node }) => node !== undefined && network.isOpen(from, node.raftStatus.id),
  );
}

/** Members that are still where the machine was told that they are. */
function othersTold(nemesis: Nemesis, machine: Machine): readonly Machine[] {
  const { membership, simulation } = nemesis;
  const told = (membership.toldTo(machine) ?? simulation.initialCluster).map(({ peerUrls }) => String(peerUrls));
  return membership.machines.filter((other) => other !== machine && told.includes(String(other.peerUrls)));
}

/** The disk of the machine answers the next call of the kind with an error, of which the process may die. */
function fail(nemesis: Nemesis, machine: Machine | undefined, failure: DiskFailure): void {
  if (machine === undefined) return;
  const { simulation } = nemesis;
  const hardware = simulation.hardware(machine.name);
  simulation.trace.note(machine.name, `has a ${failure} to come`);
  hardware.failure = failure;
  hardware.onFailure = (error, path) => {
    strike(nemesis, failure, machine, `${error.message}`);
    nemesis.excuses.expect(machine, {
      fault: failure,
      explains: (cause) => {
        const causes = [...causesOf(cause)];
        return (
          causes.includes(error) && (failure !== "read error" || causes.some(({ message }) => message.includes(path)))
        );
      },
    });
    if (failure === "sync error" && path.endsWith(".wal")) mustEnd(nemesis, machine, failure, machine.lives);
    if (failure === "read error" && machine.node === undefined) mustEnd(nemesis, machine, failure, machine.lives);
  };
}

/** Errors: `SimulationViolation` when the life goes on. */
function mustEnd(nemesis: Nemesis, machine: Machine, failure: DiskFailure, life: number): void {
  nemesis.simulation.world.after(ENDS_WITHIN_MS, () => {
    if (machine.life === undefined || machine.lives !== life) return;
    if (machine.clock.paused) mustEnd(nemesis, machine, failure, life);
    else violated(failure, `${machine.name} lives on although its log could not be ${READ_OR_SYNCED[failure]}`);
  });
}

/**
 * Switches a machine off and, when every other one is whole and has committed all that it has, does something to its disk and
 * starts it. One machine at a time, so that what is lost exists at all others.
 */
function takeDown(nemesis: Nemesis, chance: Chance, harm: (machine: Machine) => void): void {
  const machine = serving(nemesis, chance);
  if (machine === undefined || nemesis.damaged !== undefined) return;
  const lastIndex = machine.node?.raftStatus.lastIndex ?? 0;
  const others = nemesis.membership.machines.filter((other) => other !== machine);
  nemesis.simulation.trace.note(machine.name, "is switched off");
  machine.kill();
  const offMs = chance.between(OFF_MS.min, OFF_MS.max);
  nemesis.later(offMs, () => {
    const isWhole = others.every(({ node }) => (node?.raftStatus.commitIndex ?? -1) >= lastIndex);
    // One whose member was removed promises nothing any more, and comes back with another disk.
    const isMember = machine.life === undefined && nemesis.membership.mayStart(machine);
    if (isMember && nemesis.damaged === undefined && isWhole) harm(machine);
  });
  nemesis.restart(machine, offMs + 1);
}
