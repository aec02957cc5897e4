/** The enumeration of crash points finds nothing on honest hardware, and notices every mistake that is planted. */
import { describe, expect, it } from "vitest";
import type { DiskFile } from "../../src/env.js";
import { MemoryDisk, type MemoryDiskOptions } from "../../src/io/disk/memory-disk.js";
import { enumerate, judge, newCounts, playStory, STORIES, SURVIVALS } from "./campaign-main.js";
import type { PlayedStory } from "./enumeration.js";
import type { Image } from "./image.js";
import type { MemberPromise } from "./promises.js";
import { recover } from "./recovery.js";
import type { StageOptions } from "./stage.js";
import { everyCommand, firstWrites, lifeUponLife, rollingLog } from "./stories/alone.js";
import { replicated } from "./stories/together.js";
import type { Story } from "./story.js";

const SEED = Number(process.env["SEED"] ?? 7);

async function failuresOf(
  story: Story,
  imagesMax: number,
  hardware?: Pick<StageOptions, "newDisk">,
): Promise<readonly string[]> {
  const { failures } = await enumerate(await playStory(story, SEED, hardware), { imagesMax, seed: SEED });
  return failures;
}

describe("the enumeration of crash points", () => {
  it(`loses nothing that was acknowledged and refuses no torn tail (seed ${SEED})`, async () => {
    const counts = await enumerate(await playStory(firstWrites, SEED), { imagesMax: 160, seed: SEED });
    expect(counts.failures).toEqual([]);
    expect(counts.images).toBeGreaterThanOrEqual(160);
    expect(counts.torn).toBeGreaterThan(0);
    expect(counts.unanswered).toBeGreaterThan(0);
    expect(counts.again).toBeGreaterThan(0);
  });

  it.each(STORIES)("plays the story of $name", async (story) => {
    expect(await failuresOf(story, 2)).toEqual([]);
  });

  it("passes every way to survive at the boundary with the most to lose", async () => {
    const played = await playStory(firstWrites, SEED);
    const unsynced = ({ machines }: Image): number => {
      let sectors = 0;
      machines[0]?.disk.clone().crash({ directoriesSurvive: true, sectorSurvives: () => ++sectors > 0 });
      return sectors;
    };
    const image = [...played.images].sort((a, b) => unsynced(b) - unsynced(a))[0] as Image;
    expect(unsynced(image)).toBeGreaterThan(5);
    const counts = newCounts();
    for (const survival of SURVIVALS) await judge(played, image, survival, SEED, counts);
    expect(counts.failures).toEqual([]);
  });

  it("is the same for the same seed", async () => {
    const causes = async (): Promise<readonly string[]> => {
      const { images } = await playStory(lifeUponLife, SEED);
      return images.map(({ cause, promises }) => `${cause} ${promises.committedIndex} ${promises.askedIndex}`);
    };
    expect(await causes()).toEqual(await causes());
  });
});

/** Says yes and syncs nothing, of files below a directory. */
class LyingDisk extends MemoryDisk {
  readonly #directory: string;

  constructor(options: MemoryDiskOptions, directory: string) {
    super(options);
    this.#directory = directory;
  }

  override async open(path: string, mode: "read" | "write" | "create"): Promise<DiskFile> {
    const file = await super.open(path, mode);
    if (!path.startsWith(this.#directory)) return file;
    return {
      get size() {
        return file.size;
      },
      readAt: (offset, length) => file.readAt(offset, length),
      readNow: (offset, length) => file.readNow(offset, length),
      writeAt: (offset, chunks) => file.writeAt(offset, chunks),
      dataSync: async () => {},
      truncate: (size) => file.truncate(size),
      close: () => file.close(),
    };
  }
}

class ForgetfulDisk extends MemoryDisk {
  override async syncDirectory(): Promise<void> {}
}

describe("a planted mistake is noticed:", () => {
  it("a sync that syncs nothing", async () => {
    const failures = await failuresOf(firstWrites, 120, { newDisk: (options) => new LyingDisk(options, "/wal") });
    expect(failures.join("\n")).toMatch(/have survived|was answered|does not start/);
  });

  it("a sync of the directory that does nothing", async () => {
    const failures = await failuresOf(rollingLog, 60, { newDisk: (options) => new ForgetfulDisk(options) });
    expect(failures.join("\n")).toMatch(/have survived|does not start/);
  });

  it("a backend that says too early that it is durable, so that the log lets go", async () => {
    const failures = await failuresOf(rollingLog, 200, { newDisk: (options) => new LyingDisk(options, "/backend") });
    expect(failures.length).toBeGreaterThan(0);
  });

  it("a backend that is ahead of the log", async () => {
    const played = await playStory(firstWrites, SEED);
    const failures = await mixed(played, (image, last) => {
      const pairs = image.machines.map(async (machine, i) => {
        const { disk } = last.machines[i] ?? machine;
        return { ...machine, disk: await withBackendOf(machine.disk, disk) };
      });
      return Promise.all(pairs);
    });
    expect(failures.join("\n")).toMatch(/the backend has applied entry/);
  });

  it("a write that vanishes, and one that nobody asked for", async () => {
    const played = await playStory(everyCommand, SEED);
    const old = played.images.find(({ promises }) => promises.committedIndex === 8) as Image;
    const last = played.images.at(-1) as Image;
    const judged = async (machines: Image["machines"], promises: Image["promises"]): Promise<string> => {
      const counts = newCounts();
      await judge(played, { ...last, machines, promises }, "everything", SEED, counts);
      return counts.failures.join("\n");
    };
    expect(await judged(last.machines, last.promises)).toBe("");
    expect(await judged(old.machines, last.promises)).toMatch(/entries up to \d+ have survived, and \d+ was committed/);
    expect(await judged(last.machines, old.promises)).toMatch(/was never asked for|is not the story's/);
  });
});

describe("a promise that was not kept is told:", () => {
  const last = async (story: Story): Promise<{ played: PlayedStory; image: Image }> => {
    const played = await playStory(story, SEED);
    return { played, image: played.images.at(-1) as Image };
  };
  const told = async (played: PlayedStory, image: Image, promises: Partial<Image["promises"]>): Promise<string> => {
    const counts = newCounts();
    await judge(played, { ...image, promises: { ...image.promises, ...promises } }, "everything", SEED, counts);
    return counts.failures.join("\n");
  };

  it("a term, a vote or an acknowledgement that went back", async () => {
    const { played, image } = await last(replicated);
    const changed = async (change: Partial<MemberPromise>): Promise<string> => {
      const members = [...image.promises.members].map(([id, promise]) => [id, { ...promise, ...change }] as const);
      return told(played, image, { members: new Map(members) });
    };
    expect(image.promises.members.size).toBe(3);
    expect(await changed({})).toBe("");
    expect(await changed({ term: 99 })).toMatch(/is in term \d+, and it was in term 99/);
    expect(await changed({ lastIndex: 999 })).toMatch(/the log ends with \d+, and 999 was acknowledged/);
    expect(await changed({ vote: 5n })).toMatch(/the vote is \d+, and it was given to 5/);
  });

  it("a revision, a compaction, a value or a delete that is not there", async () => {
    const { played, image } = await last(everyCommand);
    const { writes } = image.promises;
    const withWrite = (key: string, value: string | undefined, revision: bigint): Promise<string> =>
      told(played, image, { writes: [...writes, { key, value, revision }] });
    const newest = writes.at(-1)?.revision ?? 0n;
    expect(await told(played, image, { compactRevision: 1000n })).toMatch(
      /the compact revision is \d+, and it was 1000/,
    );
    expect(await withWrite("x", "1", 1000n)).toMatch(/the revision is \d+, and 1000 was answered/);
    expect(await withWrite("x", "1", newest)).toMatch(/x, written at \d+, is not there/);
    expect(await withWrite("often", "other", newest)).toMatch(/often has another value than was written/);
    expect(await withWrite("often", undefined, newest - 1n)).toMatch(/often is of \d+, not \d+/);
  });

  it("a second life that differs from the first", async () => {
    const { played, image } = await last(firstWrites);
    const question = { ...played, promises: image.promises, seed: SEED };
    const first = await recover(image.machines, question);
    await expect(recover(first.left, { ...question, before: first.contents })).resolves.toMatchObject({ torn: 0 });
    const before = [...first.contents, "key 00 1 0"];
    await expect(recover(first.left, { ...question, before })).rejects.toThrow(
      /missing key 00 1 0; not expected nothing/,
    );
  });
});

/** Every tenth image, put together with the last one. */
async function mixed(
  played: PlayedStory,
  mix: (image: Image, last: Image) => Promise<Image["machines"]>,
): Promise<readonly string[]> {
  const counts = newCounts();
  const last = played.images.at(-1) as Image;
  for (const image of played.images.filter(({ boundary }) => boundary % 10 === 9)) {
    await judge(played, { ...image, machines: await mix(image, last) }, "everything", SEED, counts);
  }
  return counts.failures;
}

/** The disk with the backend of another one, durable. */
async function withBackendOf(disk: MemoryDisk, other: MemoryDisk): Promise<MemoryDisk> {
  const mixed = disk.clone();
  for (const name of await mixed.list("/backend")) await mixed.remove(`/backend/${name}`);
  for (const [path, bytes] of other.contents()) {
    if (!path.startsWith("/backend/")) continue;
    const file = await mixed.open(path, "create");
    await file.writeAt(0, [bytes], { sync: true });
  }
  await mixed.syncDirectory("/backend");
  return mixed;
}
