/** Every story, so that the test plays all of them and the recall finds one by its name. */
import { acknowledgedWriteOutlivesPower } from "./acknowledged-write-outlives-power.js";
import type { Scenario } from "./scenario.js";

export const SCENARIOS: readonly Scenario[] = [acknowledgedWriteOutlivesPower];
