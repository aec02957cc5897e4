/** What a step of the tour plays with: a client, the node, and the means to show what it does. */
import type { Client } from "@kvorum/client";
import type { NodeProcess } from "../shared/node-process.js";
import type { Screen } from "../shared/screen.js";

export interface Step {
  readonly title: string;
  /** Plays the step; resolves with its result in a few words. Rejects when something is not as it has to be. */
  play(stage: Stage): Promise<string>;
}

/** Nothing in the tour takes as long as this; whatever does has failed. */
const ANSWER_MS = 20_000;

export class Stage {
  readonly client: Client;
  readonly node: NodeProcess;
  readonly #screen: Screen;

  constructor(client: Client, node: NodeProcess, screen: Screen) {
    this.client = client;
    this.node = node;
    this.#screen = screen;
  }

  note(text: string): void {
    this.#screen.note(text);
  }

  /** Does something and shows it: what is asked, what came back, and the time in between. */
  async ask<T>(asked: string, work: () => Promise<T>, answer: (result: T) => string): Promise<T> {
    const startMs = performance.now();
    try {
      const result = await this.#screen.awaiting(asked, () => inTime(work()));
      this.#screen.answered(asked, answer(result), performance.now() - startMs);
      return result;
    } catch (error) {
      this.#screen.failed(asked, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Something a step promises. Errors: an `Error` with the promise that does not hold. */
export function expect(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Error(`expected: ${promise}`);
}
