/**
 * What answers attach to values: a version, and two revisions that are taken as names without order. A value has one writer,
 * which writes it once, so it has one version, one mod revision and one create revision for ever, whatever the order of calls;
 * nothing else is believed of the revisions. Two answers that attach different ones contradict each other by themselves. A
 * write that would give its value another version stands in the wrong place. A compare with a revision is decided by the name of
 * the value that stands there; where no answer has named it, it may turn out either way, except that
 *
 * - a name that belongs to another value of the key is not this one's, and
 * - a key that exists has no revision below 1.
 *
 * Header revisions are not looked at. Values with two writers have no names.
 */
import { pairsOf } from "./calls.js";
import { type Compare, isAcknowledged, type KeyValue, type Operation, valuesOf } from "./history.js";
import { operationWitness, type Violation } from "./violation.js";

/** A compare of a create or mod revision. */
export interface RevisionCompare {
  readonly key: string;
  readonly target: "version" | "create" | "mod";
  readonly result: Compare["result"];
  readonly given: number;
}

interface Label {
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly operation: Operation;
}

export class Labels {
  readonly violations: Violation[] = [];
  /** By key and value. */
  readonly #labels = new Map<string, Map<string, Label>>();
  /** By key and mod revision: the value. */
  readonly #values = new Map<string, Map<number, string>>();

  readonly #modRevisions = new Map<string, number>();
  readonly #ambiguous: ReadonlySet<string>;

  /** `initial`: what the store held at the beginning. */
  constructor(operations: readonly Operation[], initial: readonly KeyValue[]) {
    this.#ambiguous = valuesWithTwoWriters(operations, initial);
    for (const operation of operations.filter(isAcknowledged)) {
      for (const kv of pairsOf(operation.outcome.response)) {
        // A read of keys only shows no value, so it names nothing.
        if (kv.value !== "" && this.isUnique(kv.value)) this.#learn(kv, operation);
      }
    }
  }

  /** Whether the value has one writer at most. */
  isUnique(value: string): boolean {
    return !this.#ambiguous.has(value);
  }

  /** The version that the value has by every answer that shows it. */
  versionOf(key: string, value: string): number | undefined {
    return this.#labels.get(key)?.get(value)?.version;
  }

  /** The mod revision that answers attach to the value, whatever its key. */
  modRevisionOf(value: string): number | undefined {
    return this.#modRevisions.get(value);
  }

  /** Whether the pair of an answer may be the one with this value. */
  allow(value: string, kv: KeyValue): boolean {
    const label = this.#labels.get(kv.key)?.get(value);
    return label === undefined || sameRevisions(label, kv);
  }

  /** Whether the compare of a revision holds for an existing pair of this value; undefined where it may or may not. */
  holds({ key, target, result, given }: RevisionCompare, value: string): boolean | undefined {
    const label = this.#labels.get(key)?.get(value);
    if (label !== undefined) return relates(label[target === "mod" ? "modRevision" : "createRevision"], result, given);
    const owner = target === "mod" ? this.#values.get(key)?.get(given) : undefined;
    const isOther = given < 1 || owner !== undefined;
    if (isOther && result === "equal") return false;
    if (isOther && result === "not-equal") return true;
    if (given < 1) return result === "greater";
    return undefined;
  }

  #learn(kv: KeyValue, operation: Operation): void {
    const ofKey = this.#labels.get(kv.key) ?? new Map<string, Label>();
    this.#labels.set(kv.key, ofKey);
    const known = ofKey.get(kv.value);
    if (known === undefined) {
      const { createRevision, modRevision, version } = kv;
      ofKey.set(kv.value, { createRevision, modRevision, version, operation });
      this.#modRevisions.set(kv.value, modRevision);
      this.#name(kv, operation);
    } else if (!sameRevisions(known, kv) || known.version !== kv.version) {
      const words = ({ version, modRevision, createRevision }: Omit<Label, "operation">): string =>
        `version ${version}, revision ${modRevision}, created at ${createRevision}`;
      this.#report(`${kv.key}=${kv.value} is of ${words(kv)}, and of ${words(known)}`, known.operation, operation);
    }
  }

  #name({ key, value, modRevision }: KeyValue, operation: Operation): void {
    const ofKey = this.#values.get(key) ?? new Map<number, string>();
    this.#values.set(key, ofKey);
    const other = ofKey.get(modRevision);
    if (other === undefined) {
      ofKey.set(modRevision, value);
      return;
    }
    const first = this.#labels.get(key)?.get(other)?.operation as Operation;
    this.#report(`at revision ${modRevision} ${key} has the value ${value}, and ${other}`, first, operation);
  }

  #report(words: string, ...operations: Operation[]): void {
    const message = `two answers contradict each other: ${words}`;
    this.violations.push({ rule: "contradiction", message, witnesses: operations.map(operationWitness) });
  }
}

function sameRevisions(label: Label, kv: KeyValue): boolean {
  return label.modRevision === kv.modRevision && label.createRevision === kv.createRevision;
}

function valuesWithTwoWriters(operations: readonly Operation[], initial: readonly KeyValue[]): ReadonlySet<string> {
  const writerOf = new Map<string, Operation | undefined>(initial.map(({ value }) => [value, undefined]));
  const ambiguous = new Set<string>();
  for (const operation of operations) {
    for (const value of valuesOf(operation.request)) {
      if (writerOf.has(value) && writerOf.get(value) !== operation) ambiguous.add(value);
      writerOf.set(value, operation);
    }
  }
  return ambiguous;
}

function relates(stored: number, result: Compare["result"], given: number): boolean {
  if (result === "equal") return stored === given;
  if (result === "not-equal") return stored !== given;
  return result === "greater" ? stored > given : stored < given;
}
