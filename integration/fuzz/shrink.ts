/** Finds out which inputs of a batch a problem takes: by playing parts of it on fresh nodes, for as long as that is cheap. */
import { Oracle } from "./oracle.js";
import { playAll } from "./play.js";
import type { ProbeFile } from "./probed-node.js";
import type { Input, Stage, Target } from "./target.js";

const SHRINK_MS_MAX = 60_000;
const SHOWN_MAX = 10;

/** The smallest that was found to be enough, for a person. */
export async function smallest(target: Target, probe: ProbeFile, batch: readonly Input<Stage>[]): Promise<string> {
  const endMs = performance.now() + SHRINK_MS_MAX;
  const shows = (inputs: readonly Input<Stage>[]): Promise<boolean> => isWrong(target, probe, inputs);
  if (!(await shows(batch))) return `not seen again when ${batch.length} inputs were played once more`;
  let inputs = batch;
  for (let parts = 2; inputs.length > 1 && performance.now() < endMs; ) {
    const size = Math.ceil(inputs.length / parts);
    const smaller = await firstThat(shows, slices(inputs, size), endMs);
    if (smaller !== undefined) [inputs, parts] = [smaller, 2];
    else if (size === 1) break;
    else parts = Math.min(inputs.length, parts * 2);
  }
  while (inputs.length === 1 && performance.now() < endMs) {
    const smaller = await firstThat(
      shows,
      (inputs[0]?.smaller?.() ?? []).map((input) => [input]),
      endMs,
    );
    if (smaller === undefined) break;
    inputs = smaller;
  }
  const shown = inputs.slice(0, SHOWN_MAX).map((input) => `input: ${input.show()}`);
  return `${inputs.length} of ${batch.length} inputs are enough:\n  ${shown.join("\n  ")}`;
}

async function isWrong(target: Target, probe: ProbeFile, inputs: readonly Input<Stage>[]): Promise<boolean> {
  await using stage = await target.open(probe);
  const oracle = await Oracle.of(stage);
  const wrong = await playAll(inputs, stage, target.batch.lanes);
  return wrong.length > 0 || (await oracle.problems()).length > 0;
}

async function firstThat<T>(
  holds: (one: T) => Promise<boolean>,
  list: readonly T[],
  endMs: number,
): Promise<T | undefined> {
  for (const one of list) {
    if (performance.now() > endMs) return undefined;
    if (await holds(one)) return one;
  }
  return undefined;
}

function slices<T>(list: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < list.length; at += size) parts.push(list.slice(at, at + size));
  return parts;
}
