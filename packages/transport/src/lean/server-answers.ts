/**
 * The answers of a stream: asks the handler for the next one when the connection has taken the one before. When the call is
 * over before its answers are, the iterator is returned at once; a generator that waits sees that only when it goes on, a
 * queue can end at once.
 *
 * An iterator that has answers ready is asked for them in a row, without a promise for each (`ready-iterator.ts`).
 */
import { type ReadyIterator, readyIterator } from "../ready-iterator.js";

/** The call as its answers see it. */
export interface AnswerTaker {
  /** False where the answer could not be sent and the call is over. */
  sendAnswer(answer: unknown): boolean;
  /** The connection can take another one now; otherwise it calls `resume` later. */
  hasRoom(): boolean;
  finish(): void;
  fail(error: unknown): void;
  /** The handler has done its last step. */
  handlerEnded(): void;
}

export class AnswerStream {
  readonly #taker: AnswerTaker;
  readonly #iterator: AsyncIterator<unknown>;
  /** The same. */
  readonly #ready: ReadyIterator<unknown> | undefined;
  /** A `next` has not resolved yet, or what is ready is being sent. */
  #isAsking = false;
  #isOver = false;
  /** What `return` gave when the call was over early. */
  #returned: PromiseLike<unknown> | undefined;
  readonly #onResult: (result: IteratorResult<unknown>) => void;
  readonly #onError: (error: unknown) => void;

  constructor(taker: AnswerTaker, answers: AsyncIterable<unknown>) {
    this.#taker = taker;
    this.#iterator = answers[Symbol.asyncIterator]();
    this.#ready = readyIterator(this.#iterator);
    this.#onResult = (result) => this.#take(result);
    this.#onError = (error) => this.#failed(error);
  }

  /** Begins, or goes on when there is room again. */
  resume(): void {
    if (this.#isAsking || this.#isOver) return;
    this.#isAsking = true;
    try {
      if (!this.#sendReady()) {
        this.#isAsking = false;
        if (this.#isOver) this.#ended();
        return;
      }
      // A hand-written iterator may give a result where a promise belongs.
      Promise.resolve(this.#iterator.next()).then(this.#onResult, this.#onError);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The call is over: no more answers are wanted. */
  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      this.#returned = this.#iterator.return?.();
    } catch {
      // A failure to clean up has nobody left to be told to.
    }
    if (!this.#isAsking) this.#ended();
  }

  /** False where the connection has no room for another answer, or the call is over. */
  #sendReady(): boolean {
    if (this.#ready === undefined) return true;
    for (;;) {
      let answer: unknown;
      try {
        answer = this.#ready.ready();
      } catch (error) {
        this.leave();
        this.#taker.fail(error);
        return false;
      }
      if (answer === undefined) return true;
      if (!this.#taker.sendAnswer(answer) || !this.#taker.hasRoom()) return false;
    }
  }

  #take(result: IteratorResult<unknown>): void {
    this.#isAsking = false;
    if (this.#isOver) {
      this.#ended();
    } else if (result.done) {
      this.#isOver = true;
      this.#ended();
      this.#taker.finish();
    } else if (this.#taker.sendAnswer(result.value) && this.#taker.hasRoom()) {
      this.resume();
    }
  }

  #failed(error: unknown): void {
    this.#isAsking = false;
    const wasOver = this.#isOver;
    this.#isOver = true;
    this.#ended();
    if (!wasOver) this.#taker.fail(error);
  }

  #ended(): void {
    const ended = (): void => this.#taker.handlerEnded();
    if (this.#returned === undefined) ended();
    else Promise.resolve(this.#returned).then(ended, ended);
  }
}
