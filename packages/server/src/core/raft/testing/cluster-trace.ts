/**
 * What has happened in a run: a rolling hash over everything, which must be the same whenever the seed is, and the newest
 * events in full for whoever has to understand a failure.
 */

import { mixHash } from "../../seeded/chance.js";
import type { Message, RaftStatus } from "../types.js";
import { describeConf } from "./cluster-conf.js";

/** Events kept in full. */
const KEPT_EVENTS_MAX = 70;

export interface TraceLine {
  readonly time: number;
  readonly what: string;
  readonly member: bigint;
  readonly detail: Message | string | undefined;
  /** As it was after the event; undefined for a member that is down. */
  readonly status: RaftStatus | undefined;
}

const ROLES: readonly RaftStatus["role"][] = ["follower", "pre-candidate", "candidate", "leader"];

export class Trace {
  #hash = 0;
  #count = 0;
  readonly #lines: TraceLine[] = [];

  get hash(): number {
    return this.#hash;
  }

  /** Events so far. */
  get count(): number {
    return this.#count;
  }

  add(line: TraceLine): void {
    this.#lines[this.#count % KEPT_EVENTS_MAX] = line;
    this.#count++;
    const { time, what, member, detail, status } = line;
    let hash = mixHash(this.#hash, time);
    hash = mixHash(hash, what.length * 1000 + Number(member));
    if (typeof detail === "object")
      hash = mixHash(mixHash(hash, detail.term), Number(detail.from) * 100 + detail.type.length);
    if (status !== undefined) {
      hash = mixHash(hash, status.term * 4 + ROLES.indexOf(status.role));
      hash = mixHash(mixHash(hash, status.lastIndex), status.commitIndex);
      hash = mixHash(hash, status.appliedIndex);
    }
    this.#hash = hash;
  }

  /** The newest events, oldest first. */
  describe(): string {
    const start = Math.max(0, this.#count - KEPT_EVENTS_MAX);
    const lines = Array.from({ length: this.#count - start }, (_, i) => this.#lines[(start + i) % KEPT_EVENTS_MAX]);
    return lines.map((line) => describeLine(line as TraceLine)).join("\n");
  }
}

function describeLine({ time, what, member, detail, status }: TraceLine): string {
  const told = typeof detail === "object" ? describeMessage(detail) : (detail ?? "");
  return `${String(time).padStart(6)} ${member} ${what} ${told}${status === undefined ? "" : ` | ${describeStatus(status)}`}`;
}

function describeStatus(status: RaftStatus): string {
  const { role, term, lead, firstIndex, appliedIndex, commitIndex, lastIndex, confState } = status;
  const log = `${firstIndex}..${appliedIndex}..${commitIndex}..${lastIndex}`;
  return `${role} t${term} lead=${lead} log=${log} ${describeConf(confState)}`;
}

function describeMessage(message: Message): string {
  const { type, from, to, term, ...rest } = message;
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${describeField(name, value)}`);
  return `${from}->${to} ${type} t${term} ${fields.join(" ")}`;
}

function describeField(name: string, value: unknown): string {
  if (name !== "entries") return JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `#${part}` : part));
  const entries = value as readonly { readonly term?: number; readonly index?: number }[];
  return `[${entries.map(({ term, index }) => `${term}/${index}`).join(" ")}]`;
}
