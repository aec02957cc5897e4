/** The first place where two answers, pairs or lists of events differ. */
import type { HistoryEvent, KeyValue, Response } from "./history.js";

export interface Difference {
  /** For a person: `kvs[0].version is 3, not 2`. */
  readonly words: string;
  /** The pair that should stand there, where it is a pair that differs; its revision names a witness. */
  readonly expected?: KeyValue | undefined;
}

export function responseDifference(actual: Response, expected: Response, path = ""): Difference | undefined {
  if (actual.kind === "range" && expected.kind === "range") {
    return (
      pairsDifference(`${path}kvs`, actual.kvs, expected.kvs) ??
      fieldDifference(`${path}count`, actual.count, expected.count) ??
      fieldDifference(`${path}more`, actual.more, expected.more)
    );
  }
  if (actual.kind === "put" && expected.kind === "put") {
    return pairDifference(`${path}prevKv`, actual.prevKv, expected.prevKv);
  }
  if (actual.kind === "delete" && expected.kind === "delete") {
    return (
      fieldDifference(`${path}deleted`, actual.deleted, expected.deleted) ??
      pairsDifference(`${path}prevKvs`, actual.prevKvs, expected.prevKvs)
    );
  }
  if (actual.kind === "txn" && expected.kind === "txn") {
    return (
      fieldDifference(`${path}succeeded`, actual.succeeded, expected.succeeded) ??
      listDifference(`${path}responses`, actual.responses, expected.responses, (name, a, b) =>
        responseDifference(a, b, `${name}.`),
      )
    );
  }
  return fieldDifference(`${path}kind`, actual.kind, expected.kind);
}

export function eventsDifference(
  actual: readonly HistoryEvent[],
  expected: readonly HistoryEvent[],
): Difference | undefined {
  return listDifference("events", actual, expected, eventDifference);
}

export function eventDifference(name: string, actual: HistoryEvent, expected: HistoryEvent): Difference | undefined {
  return fieldDifference(`${name}.type`, actual.type, expected.type) ?? pairDifference(name, actual.kv, expected.kv);
}

export function pairsDifference(
  name: string,
  actual: readonly KeyValue[],
  expected: readonly KeyValue[],
): Difference | undefined {
  return listDifference(name, actual, expected, pairDifference);
}

const FIELDS = ["key", "value", "createRevision", "modRevision", "version", "lease"] as const;

export function pairDifference(
  name: string,
  actual: KeyValue | undefined,
  expected: KeyValue | undefined,
): Difference | undefined {
  if (actual === expected) return undefined;
  if (actual === undefined || expected === undefined) {
    return { words: `${name} is ${describePair(actual)}, not ${describePair(expected)}`, expected };
  }
  const field = FIELDS.find((candidate) => actual[candidate] !== expected[candidate]);
  if (field === undefined) return undefined;
  return { words: `${name}.${field} is ${actual[field]}, not ${expected[field]}`, expected };
}

function listDifference<T>(
  name: string,
  actual: readonly T[],
  expected: readonly T[],
  differ: (name: string, actual: T, expected: T) => Difference | undefined,
): Difference | undefined {
  for (let index = 0; index < Math.min(actual.length, expected.length); index++) {
    const difference = differ(`${name}[${index}]`, actual[index] as T, expected[index] as T);
    if (difference !== undefined) return difference;
  }
  return fieldDifference(`${name}.length`, actual.length, expected.length);
}

function fieldDifference<T extends string | number | boolean>(
  name: string,
  actual: T,
  expected: T,
): Difference | undefined {
  return actual === expected ? undefined : { words: `${name} is ${actual}, not ${expected}` };
}

function describePair(pair: KeyValue | undefined): string {
  return pair === undefined ? "absent" : `${pair.key}=${pair.value} of revision ${pair.modRevision}`;
}
