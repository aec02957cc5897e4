/** A conformance case: a name and a few calls. It runs on both servers and its two transcripts are compared. */
import type { Probe } from "./probe.js";

export interface Case {
  readonly name: string;
  readonly run: (probe: Probe) => Promise<void>;
}

/** Cases of one subject, given as a record from name to body. */
export function cases(subject: string, bodies: Readonly<Record<string, Case["run"]>>): Case[] {
  return Object.entries(bodies).map(([name, run]) => ({ name: `${subject}: ${name}`, run }));
}
