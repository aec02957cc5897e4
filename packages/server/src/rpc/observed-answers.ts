/**
 * The answers of a stream, with somebody told of each and of the end. No generator: in one around another every answer waits
 * for three more turns of the queue, which a watch of ten thousand would feel.
 */
import { type ReadyIterator, readyIterator } from "@kvorum/transport";

export interface AnswersObserver {
  sent(): void;
  /** Once: with what failed, or how the answers ended. */
  failed(error: unknown): void;
  ended(how: "finished" | "left"): void;
}

export class ObservedAnswers implements AsyncIterableIterator<unknown>, ReadyIterator<unknown> {
  readonly #open: () => AsyncIterable<unknown>;
  readonly #observer: AnswersObserver;
  #answers: AsyncIterator<unknown> | undefined;
  /** The same, if it can say what is ready. */
  #ready: ReadyIterator<unknown> | undefined;
  #isOver = false;

  /** `open` is called when the first answer is asked for. */
  constructor(open: () => AsyncIterable<unknown>, observer: AnswersObserver) {
    this.#open = open;
    this.#observer = observer;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    try {
      if (this.#answers === undefined) {
        this.#answers = this.#open()[Symbol.asyncIterator]();
        this.#ready = readyIterator(this.#answers);
      }
      return this.#answers.next().then(this.#onResult, this.#onError);
    } catch (error) {
      return this.#onError(error);
    }
  }

  ready(): unknown {
    const answer = this.#ready?.ready();
    if (answer !== undefined) this.#observer.sent();
    return answer;
  }

  async return(): Promise<IteratorResult<unknown>> {
    try {
      await this.#answers?.return?.();
      this.#end(() => this.#observer.ended("left"));
    } catch (error) {
      await this.#onError(error);
    }
    return { done: true, value: undefined };
  }

  readonly #onResult = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result.done) this.#end(() => this.#observer.ended("finished"));
    else this.#observer.sent();
    return result;
  };

  readonly #onError = (error: unknown): Promise<never> => {
    this.#end(() => this.#observer.failed(error));
    return Promise.reject(error);
  };

  #end(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    tell();
  }
}
