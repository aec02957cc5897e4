/**
 * S16: HashKV is equal whenever two members share revision and compact revision. Walking a store is dear, so it is done now and
 * then, on the newest revision that all members have.
 */
import type { HashResult } from "../../../src/node/api.js";
import { violated } from "../violation.js";

/** Simulated milliseconds between two comparisons: dearer than everything else that the oracle does. */
const INTERVAL_MS = 10_000;

interface Hashing {
  readonly name: string;
  readonly node:
    | { readonly header: { readonly revision: bigint }; hashKv(revision: bigint): Promise<HashResult> }
    | undefined;
}

export class Hashes {
  /** Revision and compact revision → the first hash of them. */
  readonly #known: Map<string, { readonly hash: number; readonly by: string }> = new Map();
  readonly #report: (error: unknown) => void;
  #comparedMs = 0;

  /** @param report told of a violation, which is found after `sample` has returned */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  sample(nowMs: number, machines: readonly Hashing[]): void {
    if (nowMs < this.#comparedMs + INTERVAL_MS) return;
    this.#comparedMs = nowMs;
    const nodes = machines.flatMap(({ name, node }) => (node === undefined ? [] : [{ name, node }]));
    if (nodes.length < 2) return;
    const revision = BigInt(Math.min(...nodes.map(({ node }) => Number(node.header.revision))));
    if (revision < 2n) return;
    for (const { name, node } of nodes) {
      node.hashKv(revision).then(
        (result) => this.#compare(name, result),
        // The revision was compacted on this member before it came to it, or the member ended.
        () => {},
      );
    }
  }

  #compare(name: string, { hash, hashRevision, compactRevision }: HashResult): void {
    const key = `${hashRevision} ${compactRevision}`;
    const known = this.#known.get(key);
    if (known === undefined) this.#known.set(key, { hash, by: name });
    else if (known.hash !== hash) {
      try {
        violated(
          "S16",
          `HashKV at revision ${hashRevision}, compacted to ${compactRevision}: ${name} ${hash}, ${known.by} ${known.hash}`,
        );
      } catch (error) {
        this.#report(error);
      }
    }
  }
}
