/** Plays inputs in order, several at once. */
import type { Input, Stage } from "./target.js";

export interface Wrong {
  readonly input: Input<Stage>;
  readonly text: string;
}

/** What is wrong with the answer to which. */
export async function playAll(inputs: readonly Input<Stage>[], stage: Stage, lanes: number): Promise<Wrong[]> {
  const wrong: Wrong[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let input = inputs[next++]; input !== undefined; input = inputs[next++]) {
      const text = await input.play(stage);
      if (text !== undefined) wrong.push({ input, text });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return wrong;
}
