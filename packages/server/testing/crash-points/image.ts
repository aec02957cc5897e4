/**
 * An image: what the machines of a story hold at one boundary, and what had been promised by then. And the ways in which it
 * survives a power cut: which of the unsynced sectors, names and lengths reach the medium all the same.
 */
import { Chance } from "../../src/core/seeded/chance.js";
import type { CrashOptions, MemoryDisk, UnsyncedSector } from "../../src/io/disk/memory-disk.js";
import type { Promises } from "./promises.js";
import type { Medium, StageMachine } from "./stage.js";

export interface ImageMachine extends Medium, Pick<StageMachine, "name" | "joins"> {}

export interface Image {
  /** Which boundary of the story, from 0. */
  readonly boundary: number;
  /** What was about to happen, on which machine. */
  readonly cause: string;
  readonly machines: readonly ImageMachine[];
  readonly promises: Promises;
}

/** A way to survive. `coin n` decides everything by chance. */
export type Survival = (typeof SURVIVALS)[number] | `coin ${number}`;

export const SURVIVALS = [
  "nothing",
  "everything",
  "data without names",
  "names without data",
  "lengths without data",
  "first sector",
  "last sector",
  "all but the first sector",
  "all but the last sector",
  "half of the names",
  "first name",
  "all but the last name",
] as const;

/** The image after the power cut, and a key that is the same for what leaves the same. */
export function survived(
  image: Image,
  survival: Survival,
  seed: number,
): { readonly machines: readonly ImageMachine[]; readonly key: string } {
  const machines: ImageMachine[] = [];
  const keys: string[] = [];
  const site = Chance.of(seed, `${image.boundary} ${survival}`);
  // Chance may also take one machine alone; the others then lose their processes and nothing else.
  const alone = survival.startsWith("coin") && site.percent(50) ? site.pick(image.machines) : undefined;
  for (const machine of image.machines) {
    const { name, joins, disk } = machine;
    const chance = Chance.of(seed, `${image.boundary} ${name} ${survival}`);
    const cut = { disk: disk.clone() };
    const way = alone === undefined || alone === machine ? survival : "everything";
    keys.push(name, crashDisk(cut.disk, way, chance));
    machines.push({ name, joins, ...cut });
  }
  return { machines, key: keys.join("\n") };
}

function crashDisk(disk: MemoryDisk, survival: Survival, chance: Chance): string {
  const names = disk.unsyncedNames;
  const namesKept = keptNames(survival, names, chance);
  const sizesSurvive = survival === "lengths without data" || (survival.startsWith("coin") && chance.percent(20));
  const sectors: string[] = [];
  // Twice: what survives may depend on how many sectors there are.
  disk.clone().crash({ namesSurvive: () => namesKept, sectorSurvives: (sector) => sectors.push(placeOf(sector)) > 0 });
  const survives = keptSectors(survival, sectors, chance);
  const kept: string[] = [];
  const options: CrashOptions = {
    namesSurvive: () => namesKept,
    sizesSurvive,
    sectorSurvives: (sector) => {
      const place = placeOf(sector);
      if (!survives(place)) return false;
      kept.push(place);
      return true;
    },
  };
  disk.crash(options);
  const lengths = [...disk.durablePaths()].map((path) => `${path} ${disk.durable(path)?.length}`);
  return [...lengths, ...kept].join("\n");
}

function keptSectors(survival: Survival, sectors: readonly string[], chance: Chance): (place: string) => boolean {
  const [first, last] = [sectors[0], sectors.at(-1)];
  switch (survival) {
    case "nothing":
    case "names without data":
    case "lengths without data":
      return () => false;
    case "first sector":
      return (place) => place === first;
    case "last sector":
      return (place) => place === last;
    case "all but the first sector":
      return (place) => place !== first;
    case "all but the last sector":
      return (place) => place !== last;
    default: {
      if (!survival.startsWith("coin")) return () => true;
      const percent = chance.pick([10, 50, 90]);
      const kept = new Set(sectors.filter(() => chance.percent(percent)));
      return (place) => kept.has(place);
    }
  }
}

function keptNames(survival: Survival, names: number, chance: Chance): number {
  if (survival.startsWith("coin")) return chance.int(names + 1);
  if (survival === "nothing" || survival === "data without names") return 0;
  if (survival === "first name") return Math.min(1, names);
  if (survival === "half of the names") return Math.floor(names / 2);
  return survival === "all but the last name" ? Math.max(0, names - 1) : names;
}

function placeOf({ path, offset }: UnsyncedSector): string {
  return `${path}:${offset}`;
}
