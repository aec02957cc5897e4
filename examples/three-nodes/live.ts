/** A person at the keys: 1, 2 and 3 kill a node or start it again, and the panel shows what that does to the cluster. */
import type { ReadStream, WriteStream } from "node:tty";
import type { NodeProcess } from "../shared/node-process.js";
import type { Screen } from "../shared/screen.js";
import type { ThreeNodes } from "./cluster.js";
import { type Counts, Load } from "./load.js";
import { eventOf, type PanelMember, pauseText, renderPanel } from "./panel.js";

const REFRESH_MS = 250;
/** After this long a kill has shown what it does to the writes. */
const AFTERMATH_MS = 5_000;
const EVENTS_MAX = 50;
const RATES_MAX = 240;
const CTRL_C = "\x03";

/** Resolves with the exit code when the person quits. */
export async function playLive(
  cluster: ThreeNodes,
  screen: Screen,
  keys: ReadStream,
  out: WriteStream,
): Promise<number> {
  const live = new Live(cluster, screen, out);
  keys.setRawMode(true);
  keys.setEncoding("utf8").resume();
  const quit = new Promise<void>((resolve) => {
    keys.on("data", (key: string) => (key === "q" || key === CTRL_C ? resolve() : live.press(key)));
  });
  try {
    await live.run(quit);
    return live.counts.stale === 0 ? 0 : 1;
  } finally {
    keys.setRawMode(false);
    keys.pause();
  }
}

class Live {
  readonly #cluster: ThreeNodes;
  readonly #screen: Screen;
  readonly #out: WriteStream;
  readonly #load: Load;
  readonly #startMs: number = performance.now();
  #members: readonly PanelMember[] = [];
  #events: string[] = [];
  #history: { readonly atMs: number; readonly counts: Counts }[] = [];
  #drawn = 0;
  #kills = 0;
  #quitting = false;

  constructor(cluster: ThreeNodes, screen: Screen, out: WriteStream) {
    this.#cluster = cluster;
    this.#screen = screen;
    this.#out = out;
    this.#load = new Load(cluster.client);
  }

  get counts(): Counts {
    return this.#load.counts;
  }

  async run(quit: Promise<void>): Promise<void> {
    void quit.then(() => {
      this.#quitting = true;
    });
    while (!this.#quitting) {
      await this.#look();
      this.#draw();
      await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
    }
    await this.#load.stop();
    this.#screen.line();
  }

  press(key: string): void {
    const node = this.#cluster.nodes[Number(key) - 1];
    if (node === undefined) return;
    // An error here would be a failure to signal a process of our own.
    void (node.running ? this.#kill(node) : this.#start(node));
  }

  async #kill(node: NodeProcess): Promise<void> {
    const led = this.#members.find(({ name }) => name === node.name)?.view?.leads === true;
    this.#tell(`kill -9 ${node.name}${led ? ", the leader" : ""}`);
    this.#load.restartClock();
    this.#kills += 1;
    const kill = this.#kills;
    await node.kill();
    // Nobody waits for this but the panel: the program may end before.
    await new Promise((resolve) => setTimeout(resolve, AFTERMATH_MS).unref());
    if (kill === this.#kills) this.#tell(`since ${node.name} was killed, ${pauseText(this.#load.longestPauseMs)}`);
  }

  async #start(node: NodeProcess): Promise<void> {
    this.#tell(`${node.name} is started again`);
    try {
      const ms = await node.start();
      this.#tell(`${node.name} serves after ${ms.toFixed(0)} ms`);
    } catch (error) {
      // Killed again, or without a majority to serve with: the first line says which.
      if (!this.#quitting && error instanceof Error) this.#tell(`${node.name}: ${error.message.split("\n", 1)[0]}`);
    }
  }

  async #look(): Promise<void> {
    const before = this.#members;
    this.#members = await Promise.all(
      this.#cluster.nodes.map(async (node) => {
        const view = await this.#cluster.view(node);
        const { name, endpoint, pid, running } = node;
        return { name, endpoint, pid, running, view };
      }),
    );
    for (const [i, member] of this.#members.entries()) {
      const event = eventOf(before[i], member);
      if (event !== undefined) this.#tell(event);
    }
    this.#history = [...this.#history, { atMs: performance.now(), counts: this.#load.counts }].slice(-RATES_MAX);
  }

  #tell(event: string): void {
    const seconds = ((performance.now() - this.#startMs) / 1000).toFixed(1).padStart(6);
    this.#events = [...this.#events, `${seconds} s  ${event}`].slice(-EVENTS_MAX);
  }

  #draw(): void {
    const rates = this.#history
      .slice(1)
      .map(({ counts }, i) => counts.written - (this.#history[i]?.counts.written ?? 0));
    const lines = renderPanel(
      {
        ...{ members: this.#members, counts: this.#load.counts, rates, events: this.#events },
        perSecond: this.#perSecond(),
      },
      (colour, text) => this.#screen.paint(colour, text),
    );
    const up = this.#drawn === 0 ? "" : `\x1b[${this.#drawn}A`;
    this.#out.write(`${up}\x1b[J${lines.join("\n")}\n`);
    this.#drawn = lines.length;
  }

  /** Over the last second or so. */
  #perSecond(): { writes: number; reads: number } {
    const [from, to] = [this.#history.at(-5) ?? this.#history[0], this.#history.at(-1)];
    if (from === undefined || to === undefined || from === to) return { writes: 0, reads: 0 };
    const rate = (count: (counts: Counts) => number): number =>
      Math.round(((count(to.counts) - count(from.counts)) * 1000) / (to.atMs - from.atMs));
    return { writes: rate(({ written }) => written), reads: rate(({ read }) => read) };
  }
}
