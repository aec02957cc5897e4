/**
 * The answers of a stream; when the call is over before its answers are, the iterator behind them is returned at once.
 * A generator that waits sees that only when it goes on, a queue can end at once.
 */
export async function* untilAborted(answers: AsyncIterable<unknown>, signal: AbortSignal): AsyncGenerator<unknown> {
  const iterator = answers[Symbol.asyncIterator]();
  const leave = (): void => {
    // A failure to clean up has nobody left to be told to: the peer has gone.
    iterator.return?.().catch(() => {});
  };
  signal.addEventListener("abort", leave, { once: true });
  try {
    yield* { [Symbol.asyncIterator]: () => iterator };
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
