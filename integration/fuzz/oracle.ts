/**
 * What must hold after every batch, whatever was sent: the process lives and answers, what nobody may change is as it was,
 * its main thread was never busy for long, and neither memory nor open files grow.
 */
import type { Look } from "./probe-main.js";
import type { ProbedNode } from "./probed-node.js";
import type { Stage } from "./target.js";

/** The promise of `docs/testing.md`: no input keeps the main thread from its next turn for longer. */
export const BUSY_MS_MAX = 200;
/** No input makes the process grow by more. */
export const GROWTH_BYTES_MAX = 64 * 2 ** 20;
/** Pages that malloc and the backend's caches keep are resident too, and are no growth that goes on. */
const RESIDENT_GROWTH_BYTES_MAX = 256 * 2 ** 20;
/** Above the beginning; connections that close just now included. */
const FILES_MORE_MAX = 16;
const ANSWER_MS_MAX = 20_000;
const FILES_CLOSED_MS_MAX = 15_000;

export class Oracle {
  readonly #stage: Stage;
  #first: readonly Look[] = [];
  readonly #busiest: number[] = [];

  private constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Remembers what the nodes are like now, with everything loaded. */
  static async of(stage: Stage): Promise<Oracle> {
    const oracle = new Oracle(stage);
    oracle.#first = await Promise.all(stage.nodes.map((node) => node.look()));
    return oracle;
  }

  /** Longest busy time of all batches, in milliseconds. */
  get busiestMs(): number {
    return Math.max(0, ...this.#busiest);
  }

  /** Everything that is wrong now. */
  async problems(): Promise<string[]> {
    const problems: string[] = [];
    for (const [index, node] of this.#stage.nodes.entries()) {
      problems.push(...(await this.#problemsOf(node, this.#first[index])));
    }
    if (problems.length > 0) return problems;
    const harmed = await this.#stage.harmed();
    return harmed === undefined ? [] : [harmed];
  }

  async #problemsOf(node: ProbedNode, first: Look | undefined): Promise<string[]> {
    if (node.death !== undefined) return [node.death];
    try {
      await answers(node);
      const look = await filesClosed(node, (first?.files ?? 0) + FILES_MORE_MAX);
      this.#busiest.push(look.busyMs);
      return first === undefined ? [] : compared(look, first);
    } catch (error) {
      return [node.death ?? `the node does not answer: ${error instanceof Error ? error.message : String(error)}`];
    }
  }
}

function compared(look: Look, first: Look): string[] {
  const problems: string[] = [];
  const grown = (from: number, to: number): string => `${mebibytes(from)} to ${mebibytes(to)} MiB`;
  if (look.busyMs > BUSY_MS_MAX)
    problems.push(`the main thread was busy for ${Math.round(look.busyMs)} ms in one turn`);
  if (look.heapBytes > first.heapBytes + GROWTH_BYTES_MAX)
    problems.push(`memory in use grew from ${grown(first.heapBytes, look.heapBytes)}`);
  if (look.residentBytes > first.residentBytes + RESIDENT_GROWTH_BYTES_MAX)
    problems.push(`resident memory grew from ${grown(first.residentBytes, look.residentBytes)}`);
  if (look.files > first.files + FILES_MORE_MAX) problems.push(`open files grew from ${first.files} to ${look.files}`);
  return problems;
}

/** Any answer to a health read: an alarm makes it a bad one, and it is an answer all the same. */
async function answers(node: ProbedNode): Promise<void> {
  if (node.endpoint.startsWith("https:")) return;
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  await (await fetch(`${node.endpoint}/health?serializable=true`, { signal })).text();
}

/** Sockets that were closed at the other end are seen to be a moment later. */
async function filesClosed(node: ProbedNode, filesMax: number): Promise<Look> {
  const endMs = performance.now() + FILES_CLOSED_MS_MAX;
  let worst: Look | undefined;
  for (;;) {
    const look = await node.look();
    worst = worst === undefined || look.busyMs > worst.busyMs ? look : worst;
    if (look.files <= filesMax || performance.now() > endMs) return { ...look, busyMs: worst.busyMs };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
