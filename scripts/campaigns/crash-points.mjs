/**
 * The power goes at every step of every story: whole members write, roll their logs, compact, change their membership and take
 * snapshots on disks in memory; before every operation of a disk an image is taken of what a power cut could leave, in many
 * ways to survive it, and the members start again on it. Nothing that was acknowledged may be missing, no torn tail refused.
 *
 *   node scripts/campaigns/crash-points.mjs [counts.json] [--images 5000] [--seed N] [--story "rolling log"]
 *   node scripts/campaigns/crash-points.mjs --story "rolling log" --at 17 [--survival "coin 3"] --seed N    looks at one boundary
 *
 * Fails on any image that is refused or lacks something, and when there were fewer images than asked for.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { bundle } from "../bundle.mjs";
import { wholeNumber, wrongUse } from "../whole-number.mjs";
import { shareOut, WORKERS } from "../workers.mjs";

const WORKER = new URL("../crash-points/worker.mjs", import.meta.url);
/** Parts of a story, so that the processes end at about the same time. */
const PARTS = 6;
/** Images of a single member are looked at that much more often: those of a cluster take that much longer. */
const ALONE_WEIGHT = 2;
const PROGRESS_EVERY_MS = 15_000;
/** A campaign of this size must have seen each of these at least once, or it shows less than it says. */
const WITNESSES_FROM_IMAGES = 2000;
const WITNESSES = ["torn", "unanswered", "again"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    images: { type: "string", default: process.env["KVORUM_CRASH_IMAGES"] ?? "5000" },
    seed: { type: "string" },
    story: { type: "string" },
    at: { type: "string" },
    survival: { type: "string" },
  },
});
const [countsFile] = positionals;
// CI looks at the same images every time, so that it fails for a change and not for a discovery; others look at new ones.
const anySeed = countsFile === undefined ? 1 + Math.floor(Math.random() * 2 ** 30) : 1;
const seed = values.seed === undefined ? anySeed : wholeNumber("seed", values.seed);
const wanted = wholeNumber("images", values.images);
const at = values.at === undefined ? undefined : wholeNumber("at", values.at);
const { url, remove } = await bundle("packages/server/testing/crash-points/campaign-main.ts");
try {
  const { STORIES, SURVIVALS, judge, newCounts, playStory } = await import(url);
  const stories = STORIES.filter(({ name }) => values.story === undefined || name === values.story);
  if (stories.length === 0) {
    remove();
    wrongUse(`--story: there is no "${values.story}", only ${STORIES.map(({ name }) => `"${name}"`).join(", ")}`);
  }
  if (at === undefined) process.exitCode = await campaign(stories);
  else process.exitCode = await replay({ story: stories[0], SURVIVALS, judge, newCounts, playStory });
} finally {
  remove();
}

async function replay({ story, SURVIVALS, judge, newCounts, playStory }) {
  const played = await playStory(story, seed);
  const image = played.images[at];
  if (image === undefined) throw new Error(`"${story.name}" has boundaries 0 to ${played.images.length - 1}`);
  const counts = newCounts();
  const { committedIndex, askedIndex } = image.promises;
  console.log(`before ${image.cause}: ${committedIndex} entries committed, ${askedIndex} asked for`);
  for (const survival of values.survival === undefined ? [...SURVIVALS, "coin 0"] : [values.survival])
    await judge(played, image, survival, seed, counts);
  for (const failure of counts.failures) console.log(failure);
  console.log(`${counts.images} images, ${counts.failures.length} failed`);
  return counts.failures.length > 0 ? 1 : 0;
}

async function campaign(stories) {
  const start = performance.now();
  const results = { passed: 0, failed: 0, skipped: 0 };
  const sums = new Map(stories.map(({ name }) => [name, { boundaries: 0, images: 0, seconds: 0 }]));
  const total = { images: 0, recoveries: 0, torn: 0, unanswered: 0, again: 0 };
  const survivals = {};
  const fail = (text) => {
    results.failed += 1;
    console.log(text);
  };
  const take = ({ name, seed }, { counts, boundaries, error }, seconds) => {
    if (error !== undefined) {
      fail(`story "${name}", seed ${seed}: the story itself broke\n${error}`);
      return;
    }
    const sum = sums.get(name);
    sum.boundaries = Math.max(sum.boundaries, boundaries);
    sum.images += counts.images;
    sum.seconds += seconds;
    for (const key of Object.keys(total)) total[key] += counts[key];
    for (const [way, count] of Object.entries(counts.survivals)) survivals[way] = (survivals[way] ?? 0) + count;
    results.passed += counts.images - counts.failures.length;
    for (const failure of counts.failures) fail(failure);
  };
  console.log(`crash points: ${stories.length} stories, ${wanted} images, seed ${seed}, ${WORKERS} processes`);
  const progress = setInterval(() => {
    const seconds = Math.round((performance.now() - start) / 1000);
    console.log(`  ${total.images} of ${wanted} images in ${seconds} s, ${results.failed} failed`);
  }, PROGRESS_EVERY_MS);
  // A story has only so many images; with another seed it happens a little differently and has others.
  for (let round = 0, before = -1; total.images < wanted && total.images > before && results.failed === 0; round++) {
    before = total.images;
    await shareOut({ program: WORKER, url, tasks: tasks(stories, wanted - before, seed + round), take });
  }
  clearInterval(progress);
  const seconds = (performance.now() - start) / 1000;
  for (const [name, sum] of sums)
    console.log(`  ${name}: ${sum.boundaries} boundaries, ${sum.images} images in ${sum.seconds.toFixed(1)} s`);
  console.log(`  survived: ${counted(survivals)}`);
  console.log(`  ${counted(total)}; ${seconds.toFixed(1)} s, ${Math.round(total.images / seconds)} images/s`);
  if (total.images < wanted) fail(`only ${total.images} images, ${wanted} are wanted`);
  if (wanted >= WITNESSES_FROM_IMAGES)
    for (const name of WITNESSES.filter((one) => total[one] === 0)) fail(`never seen: ${name}`);
  if (results.failed > 0)
    console.log("again by: node scripts/campaigns/crash-points.mjs --seed SEED --story STORY --at BOUNDARY");
  console.log(`crash points: ${results.passed} passed, ${results.failed} failed`);
  if (countsFile !== undefined) writeFileSync(countsFile, JSON.stringify(results));
  return results.failed > 0 ? 1 : 0;
}

/** The slow stories first. */
function* tasks(stories, images, seed) {
  const weight = ({ members }) => (members > 1 ? 1 : ALONE_WEIGHT);
  const weights = stories.reduce((sum, story) => sum + weight(story), 0);
  for (const story of [...stories].sort((a, b) => b.members - a.members)) {
    const imagesMax = Math.ceil((images * weight(story)) / weights / PARTS);
    for (let part = 0; part < PARTS; part++) yield { name: story.name, seed, part, parts: PARTS, imagesMax };
  }
}

function counted(counts) {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}
