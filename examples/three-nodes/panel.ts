/**
 * The cluster as a person sees it: one line a member, the traffic of the last seconds, and what happened. Pure: the state
 * goes in, lines come out.
 */
import { duration, type Screen } from "../shared/screen.js";
import type { MemberView } from "./cluster.js";
import type { Counts } from "./load.js";

const BARS = "▁▂▃▄▅▆▇█";
const BARS_SHOWN = 40;
const EVENTS_SHOWN = 8;

export interface PanelMember {
  readonly name: string;
  readonly endpoint: string;
  readonly pid: number;
  readonly running: boolean;
  readonly view: MemberView | undefined;
}

export interface PanelState {
  readonly members: readonly PanelMember[];
  readonly counts: Counts;
  /** Writes acknowledged in each of the last quarters of a second, newest last. */
  readonly rates: readonly number[];
  readonly perSecond: { readonly writes: number; readonly reads: number };
  readonly events: readonly string[];
}

export function renderPanel(state: PanelState, paint: Screen["paint"]): string[] {
  const { counts, perSecond, events } = state;
  return [
    `${paint("bold", "Kvorum, three nodes")}   ${paint("dim", "1 2 3: kill -9 or start again   q: quit")}`,
    "",
    ...state.members.map((member, i) => memberLine(i + 1, member, paint)),
    "",
    `  ${sparkline(state.rates)}  ${String(perSecond.writes).padStart(5)} writes/s acknowledged, ${perSecond.reads} reads/s`,
    `  ${counts.written} writes, ${failures(counts, paint)}, ${stale(counts, paint)}`,
    "",
    ...events.slice(-EVENTS_SHOWN).map((event) => `  ${paint("dim", event)}`),
  ];
}

/** What a change between two views is worth saying, if anything. */
export function eventOf(before: PanelMember | undefined, after: PanelMember): string | undefined {
  if (before === undefined) return undefined;
  if (after.view?.leads && !before.view?.leads) return `${after.name} leads in term ${after.view.term}`;
  if (before.view === undefined && after.view !== undefined) return `${after.name} answers again`;
  if (before.view?.follows && after.view?.follows === false) return `${after.name} knows no leader`;
  return undefined;
}

export function pauseText(ms: number): string {
  return `the longest time without an acknowledged write was ${duration(ms)}`;
}

/** Eighths of the highest value; nothing shows as the lowest bar. */
export function sparkline(values: readonly number[]): string {
  const shown = values.slice(-BARS_SHOWN);
  const highest = Math.max(1, ...shown);
  const bars = shown.map((value) => BARS[Math.min(BARS.length - 1, Math.floor((value / highest) * BARS.length))]);
  return bars.join("").padStart(BARS_SHOWN);
}

function memberLine(key: number, member: PanelMember, paint: Screen["paint"]): string {
  const { name, endpoint, pid, view } = member;
  const where = paint("dim", member.running ? `${endpoint}  process ${pid}` : endpoint);
  const detail = view === undefined ? "" : `term ${view.term}, entry ${view.applied}`;
  return `  ${key}  ${name}  ${role(member, paint)} ${detail.padEnd(26)} ${where}`;
}

function role({ running, view }: PanelMember, paint: Screen["paint"]): string {
  const width = 10;
  if (!running) return paint("red", "✗ killed".padEnd(width));
  if (view === undefined) return paint("dim", "… starts".padEnd(width));
  if (view.leads) return paint("green", "● leads".padEnd(width));
  return view.follows ? "○ follows".padEnd(width) : paint("red", "? waits".padEnd(width));
}

function failures({ notApplied, unknown }: Counts, paint: Screen["paint"]): string {
  const text = `${notApplied + unknown} failed (${unknown} of them with an unknown outcome)`;
  return notApplied + unknown === 0 ? text : paint("red", text);
}

function stale(counts: Counts, paint: Screen["paint"]): string {
  const text = `${counts.stale} stale reads`;
  return counts.stale === 0 ? text : paint("red", text);
}
