/** Answers that are lost, again and again, of each process in turn. */
import { pause } from "../../robustness/cluster/rpc.js";
import type { Stage } from "./stage.js";

const EVERY_MS = 150;

export async function loseAnswers({ random, slots }: Stage, enough: () => boolean): Promise<void> {
  for (let number = 0; !enough(); number++) {
    slots[number % slots.length]?.loseAnswer(number, Math.floor(random() * 8));
    await pause(EVERY_MS);
  }
}
