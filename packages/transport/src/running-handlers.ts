/** How many handlers of a server are at work, so that one that closes can wait for them. */
export class RunningHandlers {
  readonly #waiting: (() => void)[] = [];
  #handlers = 0;

  started(): void {
    this.#handlers += 1;
  }

  ended(): void {
    this.#handlers -= 1;
    if (this.#handlers > 0 || this.#waiting.length === 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves when no handler is at work. */
  idle(): Promise<void> {
    if (this.#handlers === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}
