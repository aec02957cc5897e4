/** What the campaign and its workers say to each other while they run: messages of the channel between parent and child. */

/** What a worker is started with. */
export interface Job {
  readonly story: "mutex" | "election" | "stm" | "shared" | "work";
  /** Unique for each life of each process. */
  readonly worker: string;
  /** Where its events go. */
  readonly log: string;
  readonly endpoints: readonly string[];
  /** Of all keys of the story. */
  readonly space: string;
  readonly names: readonly string[];
  readonly seed: number;
  readonly ttl: number;
  /** Only the story of transactions: levels to draw from, as often as they stand here. */
  readonly levels?: readonly string[];
}

export type Order =
  /** End well: give up what is held and waited for. */
  | { readonly do: "stop" }
  /** Put no more jobs in. */
  | { readonly do: "drain" }
  /** Stop inside the next critical section of this name, with what was read and before anything is written. */
  | { readonly do: "park"; readonly name: string }
  /** Let those that are parked at this name go on, and park no more. */
  | { readonly do: "go"; readonly name: string }
  /** Let the leader's work of this election return. */
  | { readonly do: "resign"; readonly name: string };

export type Report =
  | { readonly kind: "parked"; readonly name: string; readonly token: string }
  /** After its guarded write. */
  | { readonly kind: "went on"; readonly name: string; readonly refused: boolean };

/** A worker's end of the channel. Without its parent a worker ends. */
export class Orders {
  /** Whether no more jobs are to be put in. */
  drains = false;
  readonly #stop = new AbortController();
  readonly #parking = new Map<string, { readonly go: Promise<void>; open(): void }>();
  readonly #resigning = new Map<string, () => void>();

  constructor() {
    process.on("message", (order: Order) => this.#take(order));
    process.on("disconnect", () => process.exit(0));
  }

  /** Aborts when the worker is to end. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Resolves at once where nobody asked to park here, with false. */
  async parkIfAsked(name: string, token: bigint): Promise<boolean> {
    const parking = this.#parking.get(name);
    if (parking === undefined) return false;
    this.tell({ kind: "parked", name, token: String(token) });
    await parking.go;
    return true;
  }

  tell(report: Report): void {
    process.send?.(report);
  }

  /** `resign` is called when this election's leader is to step down. The answer takes that back. */
  onResign(name: string, resign: () => void): () => void {
    this.#resigning.set(name, resign);
    return () => {
      if (this.#resigning.get(name) === resign) this.#resigning.delete(name);
    };
  }

  #take(order: Order): void {
    if (order.do === "drain") this.drains = true;
    if (order.do === "resign") this.#resigning.get(order.name)?.();
    if (order.do === "park" && !this.#parking.has(order.name)) this.#parking.set(order.name, gate());
    if (order.do === "go" || order.do === "stop")
      this.#open(order.do === "go" ? [order.name] : [...this.#parking.keys()]);
    if (order.do === "stop") this.#stop.abort(new DOMException("the worker is to end", "AbortError"));
  }

  #open(names: readonly string[]): void {
    for (const name of names) {
      this.#parking.get(name)?.open();
      this.#parking.delete(name);
    }
  }
}

function gate(): { readonly go: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const go = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { go, open: () => open() };
}
