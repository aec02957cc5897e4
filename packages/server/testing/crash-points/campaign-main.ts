/** What `scripts/campaigns/crash-points.mjs` runs, as one bundle. */
export { enumerate, judge, newCounts, playStory } from "./enumeration.js";
export { SURVIVALS } from "./image.js";
export { STORIES } from "./stories.js";
