/**
 * Which connections of a private socket their mux has parted with. An engine may have stopped to read a connection (see
 * `given-up.ts`), and then no end of it reaches it through the socket; both are in one process, so it is told directly.
 */
export class Partings {
  /** Connections that the mux still holds, with what to do when it lets go. */
  readonly #held = new Map<number, () => void>();
  #last = 0;

  /** The mux has opened a connection; its number. */
  open(): number {
    this.#last += 1;
    this.#held.set(this.#last, () => {});
    return this.#last;
  }

  /** The mux has closed it, or has lost it. */
  part(connection: number): void {
    const parted = this.#held.get(connection);
    this.#held.delete(connection);
    parted?.();
  }

  /** Calls `parted` when the mux has parted with the connection: at once, if it has already. */
  whenParted(connection: number, parted: () => void): void {
    if (this.#held.has(connection)) this.#held.set(connection, parted);
    else parted();
  }
}
