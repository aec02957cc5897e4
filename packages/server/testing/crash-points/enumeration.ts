/**
 * Every boundary of a story, in every way to survive it: plays the story once, keeps an image at each boundary, and brings as
 * many of them to life as are asked for. What leaves the same state at one boundary counts once.
 */
import { Chance } from "../../src/core/seeded/chance.js";
import { BrokenPromise } from "./checks.js";
import { Committed } from "./committed.js";
import { type Image, SURVIVALS, type Survival, survived } from "./image.js";
import { PromiseBook } from "./promises.js";
import { imageOf, recover } from "./recovery.js";
import { Stage, type StageOptions } from "./stage.js";
import { type Story, Work } from "./story.js";

export interface PlayedStory {
  readonly story: Story;
  readonly committed: Committed;
  readonly images: readonly Image[];
}

export interface Enumeration {
  /** Images to look at; all fixed ways to survive come before chance has its turns. */
  readonly imagesMax: number;
  readonly seed: number;
  /** Only boundaries whose number leaves `part` when divided by `parts`. Default: all. */
  readonly part?: number;
  readonly parts?: number;
}

export interface Counts {
  images: number;
  recoveries: number;
  /** Images of which some log's end was torn and mended. */
  torn: number;
  /** Images in which what was asked for and not answered has survived. */
  unanswered: number;
  /** Images taken while another image recovered. */
  again: number;
  /** Images by the way they survive; every turn of chance is one way. */
  survivals: Record<string, number>;
  failures: string[];
}

/** Turns of chance after which a story is thought to have no more images. */
const COINS_MAX = 2000;
/** One image of so many is cut again while it recovers. */
const AGAIN_EVERY = 8;
const FAILURES_MAX = 5;
/** Of an error that is none of a check: enough to see where it comes from. */
const STACK_LINES_MAX = 6;

/** @param hardware what the story's machines are made of, for a test that plants a mistake in it */
export async function playStory(
  story: Story,
  seed: number,
  hardware: Pick<StageOptions, "newDisk"> = {},
): Promise<PlayedStory> {
  const committed = new Committed();
  const images: Image[] = [];
  const book = new PromiseBook(story.members);
  const takeImage = (cause: string): void => {
    for (const node of stage.nodes) {
      book.askedIndex = Math.max(book.askedIndex, node.raftStatus.lastIndex);
      const { compactRevision } = node.stats;
      if (compactRevision > book.compactRevision) book.compactRevision = compactRevision;
    }
    images.push(imageOf(stage, images.length, cause, book.copy()));
  };
  const stage = new Stage({
    ...hardware,
    ...{ size: story.members, settings: story.settings, seed, takesTime: true },
    onBoundary: ({ name }, cause) => takeImage(`${name}: ${cause}`),
    onSent: (message) => book.noteSent(message),
    onApplied: (_, entry) => {
      committed.add(entry);
      book.committedIndex = Math.max(book.committedIndex, entry.index);
    },
  });
  try {
    await story.play(new Work(stage, book));
    takeImage("the end");
  } finally {
    await stage.close();
  }
  return { story, committed, images };
}

export async function enumerate(played: PlayedStory, enumeration: Enumeration): Promise<Counts> {
  const { imagesMax, seed, part = 0, parts = 1 } = enumeration;
  const counts = newCounts();
  const seen = new Map<Image, Set<string>>();
  const images = played.images.filter(({ boundary }) => boundary % parts === part);
  for (const { image, survival } of turns(images, seed)) {
    if (counts.images >= imagesMax || counts.failures.length >= FAILURES_MAX) break;
    const { key } = survived(image, survival, seed);
    const known = seen.get(image) ?? new Set();
    seen.set(image, known);
    if (known.has(key)) continue;
    known.add(key);
    await judge(played, image, survival, seed, counts);
  }
  return counts;
}

export function newCounts(): Counts {
  return { images: 0, recoveries: 0, torn: 0, unanswered: 0, again: 0, survivals: {}, failures: [] };
}

/** Looks at one image. */
export async function judge(
  { story, committed }: Pick<PlayedStory, "story" | "committed">,
  image: Image,
  survival: Survival,
  seed: number,
  counts: Counts,
): Promise<void> {
  const { machines } = survived(image, survival, seed);
  const { promises, boundary, cause } = image;
  const chance = Chance.of(seed, `again ${boundary} ${survival}`);
  const later: Image[] = [];
  const cutsAgain = chance.int(AGAIN_EVERY) === 0;
  counts.images++;
  const way = survival.startsWith("coin") ? "coin" : survival;
  counts.survivals[way] = (counts.survivals[way] ?? 0) + 1;
  let life = "the first life";
  try {
    const question = { story, committed, promises, seed };
    counts.recoveries++;
    const first = await recover(machines, {
      ...question,
      ...(cutsAgain && { onBoundary: (one: Image) => void later.push(one) }),
    });
    if (first.torn > 0) counts.torn++;
    if (first.index > promises.committedIndex) counts.unanswered++;
    life = "the second life";
    counts.recoveries++;
    await recover(first.left, { ...question, before: first.contents, promises: afterwards(image, first.index) });
    if (later.length === 0) return;
    const one = chance.pick(later);
    const again = chance.pick(["nothing", "everything", "coin 0", "coin 1"] as const);
    life = `cut again before step ${one.boundary} of its recovery (${one.cause}), ${again} survives`;
    counts.images++;
    counts.again++;
    counts.recoveries++;
    await recover(survived(one, again, seed).machines, { ...question, earlier: first });
  } catch (error) {
    const told =
      error instanceof BrokenPromise
        ? error.message
        : (error as Error).stack?.split("\n").slice(0, STACK_LINES_MAX).join("\n");
    counts.failures.push(
      `story "${story.name}", boundary ${boundary} (${cause}), ${survival} survives, seed ${seed}: ${life}: ${told}`,
    );
  }
}

/** A second life begins behind what the first one served. */
function afterwards({ promises }: Image, index: number): Image["promises"] {
  return { ...promises, committedIndex: Math.max(promises.committedIndex, index), members: new Map() };
}

interface Turn {
  readonly image: Image;
  readonly survival: Survival;
}

/** Every boundary once, by chance; then nothing and everything at each; then the rest, mixed; then chance alone. */
function* turns(images: readonly Image[], seed: number): Generator<Turn> {
  const chance = Chance.of(seed, "order");
  yield* shuffled(
    images.map((image) => ({ image, survival: chance.pick(["nothing", "everything", "coin 0"] as const) })),
    chance,
  );
  for (const survival of ["nothing", "everything"] as const) yield* images.map((image) => ({ image, survival }));
  const rest = images.flatMap((image) => [...SURVIVALS, "coin 0" as const].map((survival) => ({ image, survival })));
  yield* shuffled(rest, chance);
  for (let coin = 1; coin < COINS_MAX; coin++) {
    yield* images.map((image) => ({ image, survival: `coin ${coin}` as const }));
  }
}

function shuffled<T>(values: T[], chance: Chance): T[] {
  for (let i = values.length - 1; i > 0; i--) {
    const j = chance.int(i + 1);
    [values[i], values[j]] = [values[j] as T, values[i] as T];
  }
  return values;
}
