/**
 * A registry of services as a pure state machine: who may be seen, and who has to be. An address may be seen from when its
 * registration began until it was taken out, or until its worker's lease has run out after the worker has died or was cut off; and
 * it has to be seen by whoever asks the cluster while its worker is there, can reach the cluster and has had the time to heal.
 */
import { type Happening, type Model, Violation } from "../model.js";

export type RegistryEvent = Happening &
  (
    | { readonly kind: "begin" | "registered" | "leave" | "left" | "died" | "cut" | "healed"; readonly addr: string }
    /** Between these the whole cluster may not have answered. */
    | { readonly kind: "outage" }
    | { readonly kind: "serving" }
    /** A linearizable read of all addresses, at the moment in which it began. */
    | { readonly kind: "seen"; readonly addresses: readonly string[] }
  );

export interface RegistryBounds {
  /** How long an address may be seen after its worker has died: the time to live, and what the server takes to notice. */
  readonly goneMs: number;
  /** How long one may be missing after its worker could reach the cluster again. */
  readonly healMs: number;
}

interface Entry {
  readonly phase: "beginning" | "registered" | "leaving" | "left" | "died" | "cut";
  readonly sinceMs: number;
}

export interface RegistryState {
  readonly entries: ReadonlyMap<string, Entry>;
  /** Undefined during an outage. */
  readonly servingSinceMs: number | undefined;
  readonly seen: number;
}

const PHASES = {
  begin: "beginning",
  registered: "registered",
  leave: "leaving",
  left: "left",
  died: "died",
  cut: "cut",
  healed: "registered",
} as const;

export function registryModel({ goneMs, healMs }: RegistryBounds): Model<RegistryState, RegistryEvent> {
  return {
    name: "registry",
    initial: { entries: new Map(), servingSinceMs: 0, seen: 0 },
    step: (state, event) => {
      if (event.kind === "outage") return { ...state, servingSinceMs: undefined };
      if (event.kind === "serving") return { ...state, servingSinceMs: event.atMs };
      if (event.kind !== "seen") {
        const entry = { phase: PHASES[event.kind], sinceMs: event.atMs };
        return { ...state, entries: new Map(state.entries).set(event.addr, entry) };
      }
      const { entries, servingSinceMs } = state;
      // Leases are not ended while nobody leads, and have their time again under a new leader.
      const steadyMs = servingSinceMs === undefined ? 0 : event.atMs - servingSinceMs;
      for (const addr of event.addresses) {
        const entry = entries.get(addr);
        if (entry === undefined) return new Violation(`${addr} is seen and was never registered`);
        if (entry.phase === "left") return new Violation(`${addr} is seen after it has left`);
        const agoMs = Math.min(event.atMs - entry.sinceMs, steadyMs);
        const gone = entry.phase === "died" || entry.phase === "cut";
        if (gone && agoMs > goneMs)
          return new Violation(
            `${addr} is seen ${agoMs} ms after it was ${entry.phase === "cut" ? "cut off" : "killed"}`,
          );
      }
      for (const [addr, { phase, sinceMs }] of entries) {
        if (phase !== "registered" || event.addresses.includes(addr)) continue;
        const forMs = Math.min(event.atMs - sinceMs, steadyMs);
        if (forMs > healMs) return new Violation(`${addr} is missing, ${forMs} ms after it could reach the cluster`);
      }
      return { ...state, seen: state.seen + 1 };
    },
    atRest: ({ seen }) => (seen === 0 ? new Violation("nobody has looked") : undefined),
  };
}
