/** All stories of the enumeration. */
import { defragmented, everyCommand, firstWrites, largeValues, lifeUponLife, rollingLog } from "./stories/alone.js";
import { membership, replicated, snapshotTaken } from "./stories/together.js";
import type { Story } from "./story.js";

export const STORIES: readonly Story[] = [
  firstWrites,
  rollingLog,
  largeValues,
  everyCommand,
  lifeUponLife,
  defragmented,
  replicated,
  membership,
  snapshotTaken,
];
