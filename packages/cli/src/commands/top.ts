/** `top`: the cluster as it is now, over and over: redrawn in place on a terminal, a line a period elsewhere. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, type Context, defineCommand } from "../command.js";
import { messageOf } from "../errors.js";
import { badArguments } from "../failure.js";
import { duration, onOff } from "../flags.js";
import { jsonText } from "../output/json.js";
import { tlsOf } from "../top/metrics.js";
import { type ClusterSample, type Reach, takeSample } from "../top/sample.js";
import { logLine, screenLines, viewJson } from "../top/text.js";
import { type ClusterView, viewOf } from "../top/view.js";

const INTERVAL_MS = 1_000;
const INTERVAL_MS_MIN = 100;

/** The screen beside the one with the shell's history, without a cursor; and back. */
const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

export const top: Command = defineCommand({
  usage: "[options]",
  description:
    "Shows all members of the cluster: who leads, how far each is, sizes, rates (from the members' metrics where they can be reached), " +
    "leases, watchers, alarms. Ends with Ctrl-C.",
  flags: {
    interval: duration("time between two looks", INTERVAL_MS),
    once: onOff("look twice, an interval apart, show the cluster once, and end"),
  },
  run: async (context, args, { interval, once }) => {
    if (args.length > 0) throw badArguments("top command accepts no arguments");
    if (interval < INTERVAL_MS_MIN) throw badArguments(`--interval must be at least ${INTERVAL_MS_MIN}ms`);
    const display = displayFor(context, once);
    try {
      await watch(context, interval, once, display);
    } finally {
      display.end();
    }
    return undefined;
  },
});

interface Display {
  show(view: ClusterView): void;
  /** Nobody could be asked. What was shown stays. */
  fail(error: unknown): void;
  end(): void;
}

async function watch(context: Context, intervalMs: number, once: boolean, display: Display): Promise<void> {
  const { signal, settings } = context;
  const tls = await tlsOf(settings);
  // A member that does not answer must not hold up the others for long.
  const timeoutMs = Math.min(settings["command-timeout"], Math.max(intervalMs, 1_000));
  const reach: Reach = { context, tls, timeoutMs, clients: new Map() };
  let previous: ClusterSample | undefined;
  for (let looks = 1; !signal.aborted; looks++) {
    const began = performance.now();
    try {
      const sample = await takeSample(reach);
      if (!once || looks === 2) display.show(viewOf(previous, sample));
      previous = sample;
    } catch (error) {
      if (signal.aborted) return;
      if (once || previous === undefined) throw error;
      display.fail(error);
    }
    if (once && looks === 2) return;
    await sleep(Math.max(0, intervalMs - (performance.now() - began)), undefined, { signal }).catch(() => undefined);
  }
}

function displayFor({ terminal, settings }: Context, once: boolean): Display {
  const now = (): string => new Date().toISOString().replace(/\.\d+/, "");
  const format = settings["write-out"];
  if (format === "json") {
    return {
      show: (view) => terminal.out(`${jsonText(viewJson(view))}\n`),
      fail: (error) => terminal.error(`${messageOf(error)}\n`),
      end: () => undefined,
    };
  }
  const columns = terminal.isInteractive ? widthOf(terminal) : Number.POSITIVE_INFINITY;
  const lines = (view: ClusterView): string[] =>
    screenLines(view, columns, (text, ...colours) => terminal.paint(text, ...colours), now());
  if (once) {
    return {
      show: (view) => terminal.out(`${lines(view).join("\n")}\n`),
      fail: () => undefined,
      end: () => undefined,
    };
  }
  if (!terminal.isInteractive) {
    return {
      show: (view) => terminal.out(`${logLine(view, now())}\n`),
      fail: (error) => terminal.out(`${now()} error=${JSON.stringify(messageOf(error))}\n`),
      end: () => undefined,
    };
  }
  return screen(terminal, lines);
}

/** Entered with the first view, so that an error before it stays readable. */
function screen(terminal: Context["terminal"], lines: (view: ClusterView) => string[]): Display {
  let isEntered = false;
  let shown: string[] = [];
  const draw = (all: readonly string[]): void => {
    const text = all.map((line) => `${line}${CLEAR_LINE}\n`).join("");
    terminal.out(`${isEntered ? "" : ENTER}${HOME}${text}${CLEAR_BELOW}`);
    isEntered = true;
  };
  return {
    show: (view) => {
      shown = lines(view);
      draw(shown);
    },
    fail: (error) => draw([...shown, "", terminal.paint(messageOf(error).slice(0, widthOf(terminal)), "red")]),
    end: () => {
      if (isEntered) terminal.out(LEAVE);
    },
  };
}

/** A terminal may not know its width. */
function widthOf({ columns }: Context["terminal"]): number {
  return columns > 0 ? columns : 80;
}
