/** A few connections that fail together: the load of one round. */
import { WireConnection } from "./connection.js";

export class WirePool {
  readonly connections: readonly WireConnection[];
  readonly #failed: Promise<never>;
  /** Ends whatever waits in `unlessFailed`. */
  readonly fail: (error: Error) => void;

  static async open(endpoint: string, count: number): Promise<WirePool> {
    let fail: (error: Error) => void = () => {};
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    failed.catch(() => {}); // also told where nobody waits for it yet
    const opening = Array.from({ length: count }, () => WireConnection.open(endpoint, fail));
    const pool = new WirePool(await Promise.all(opening), failed, fail);
    return pool;
  }

  private constructor(connections: readonly WireConnection[], failed: Promise<never>, fail: (error: Error) => void) {
    this.connections = connections;
    this.#failed = failed;
    this.fail = fail;
  }

  unlessFailed<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#failed]);
  }

  close(): void {
    for (const connection of this.connections) connection.close();
  }
}
