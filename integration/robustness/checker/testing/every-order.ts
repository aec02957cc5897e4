/**
 * The plainest judge: tries every order of a handful of operations that real time allows, each with and without the calls of
 * unknown outcome. It shares the model of the store with the search and nothing of what makes the search quick.
 */
import { pick, seeded } from "../../../support/random.js";
import type { Call } from "../calls.js";
import { isAcknowledged, type KeyValue, type Operation, type Request, type Response } from "../history.js";
import { KeySpace } from "../key-space.js";
import { KvStates, type States } from "../kv-states.js";
import { KvTable } from "../kv-table.js";
import { Labels } from "../labels.js";
import { evaluate } from "../model.js";
import { spansOf } from "../spans.js";
import { WantedValues } from "../wanted-values.js";

export function hasOrder(operations: readonly Operation[]): boolean {
  const calls = operations.filter(({ outcome }) => outcome.status !== "refused").map(plainCall);
  const model = new KvStates(new KvTable(calls, new Labels([], []), []));
  const nothing = new WantedValues([], () => true);
  const search = (left: readonly Call[], states: States): boolean =>
    !left.some(({ response }) => response !== undefined) ||
    left.some((call) => {
      const isBlocked = left.some(
        (other) => other.response !== undefined && other.operation.return < call.operation.invoke,
      );
      const next = isBlocked ? [] : model.after(states, call, nothing);
      return (
        next.length > 0 &&
        search(
          left.filter((other) => other !== call),
          next,
        )
      );
    });
  return search(calls, model.startingWith([]));
}

/** As asked and as answered, with nothing made alike. */
function plainCall(operation: Operation): Call {
  const { request } = operation;
  const response = isAcknowledged(operation) ? operation.outcome.response : undefined;
  return {
    operation,
    request,
    response,
    spans: spansOf(request, []),
    readOnly: request.kind === "range",
    twin: undefined,
  };
}

/**
 * Up to seven overlapping operations on two keys. The answers come from carrying them out in some order, which real time may or may
 * not allow, and now and then an older answer stands in the place of the right one.
 */
export function randomWindow(seed: number): Operation[] {
  const random = seeded(seed);
  const space = new KeySpace();
  const operations: Operation[] = [];
  const asked = 3 + Math.floor(random() * 5);
  for (let at = 0; at < asked; at++) {
    const request = randomRequest(random, at);
    const invoke = Math.floor(random() * 40);
    const times = { client: at, invoke, return: invoke + 1 + Math.floor(random() * 15) };
    const { response, events } = evaluate(space, request, at + 2);
    const isLost = random() < 0.2;
    if (!isLost || random() < 0.5) for (const event of events) space.apply(event);
    for (const lease of LEASES) if (random() < 0.15) endLease(space, lease, at + 2);
    const older = operations.filter((other) => sameText(other.request, request)).filter(isAcknowledged)[0];
    const shown = older !== undefined && random() < 0.3 ? older.outcome.response : response;
    const outcome = { status: "acknowledged", revision: at + 2, response: withoutRevisions(shown) } as const;
    operations.push({ ...times, request, outcome: isLost ? { status: "unknown" } : outcome });
  }
  return operations;
}

/** Two keys, each with a lease, and up to six overlapping reads while they end. */
export function randomReads(seed: number): Operation[] {
  const random = seeded(seed);
  const space = new KeySpace();
  const operations: Operation[] = [];
  const carryOut = (request: Request, invoke: number, duration: number): void => {
    const at = operations.length;
    const { response, events } = evaluate(space, request, at + 2);
    for (const event of events) space.apply(event);
    const outcome = { status: "acknowledged", revision: at + 2, response: withoutRevisions(response) } as const;
    operations.push({ client: at, invoke, return: invoke + duration, request, outcome });
  };
  carryOut({ kind: "put", key: "a", value: "v0", lease: 7n }, 0, 1);
  carryOut({ kind: "put", key: "b", value: "v1", lease: 8n }, 2, 1);
  for (let left = 2 + Math.floor(random() * 5); left > 0; left--) {
    for (const lease of LEASES) if (random() < 0.25) endLease(space, lease, operations.length + 2);
    const request = pick(random, [
      LIST,
      { ...LIST, countOnly: true },
      { kind: "range", key: pick(random, KEYS) },
    ] as const);
    carryOut(request, 10 + Math.floor(random() * 20), 1 + Math.floor(random() * 15));
  }
  return operations;
}

const KEYS = ["a", "b"] as const;
const LEASES = [7n, 8n] as const;
const LIST = { kind: "range", key: "a", rangeEnd: "z" } as const;

function randomRequest(random: () => number, at: number): Request {
  const key = pick(random, KEYS);
  const lease = random() < 0.3 ? pick(random, LEASES) : 0n;
  const put = { kind: "put", key, value: `v${at}`, prevKv: random() < 0.3, lease } as const;
  const given = Math.floor(random() * 3);
  return pick(random, [
    ...[put, put, put, { kind: "range", key } as const, { kind: "range", key } as const, LIST],
    { ...LIST, countOnly: true } as const,
    { kind: "delete", key } as const,
    { kind: "delete", key: "a", rangeEnd: "z" } as const,
    {
      ...{ kind: "txn", compare: [{ key: "a", target: "version", result: "equal", given }] },
      ...{ success: [put], failure: [{ kind: "range", key: "b" }] },
    } as const,
  ]);
}

function endLease(space: KeySpace, lease: bigint, revision: number): void {
  for (const key of [...space.keysOf(lease)]) {
    const kv = { key, value: "", createRevision: 0, modRevision: revision, version: 0, lease: 0n };
    space.apply({ type: "delete", kv });
  }
}

/** The same for all pairs: the two judges are to agree on orders and not on names of values. */
function withoutRevisions(response: Response): Response {
  const bare = (kv: KeyValue): KeyValue => ({ ...kv, createRevision: 1, modRevision: Number(kv.value.slice(1)) + 2 });
  switch (response.kind) {
    case "range":
      return { ...response, kvs: response.kvs.map(bare) };
    case "put":
      return response.prevKv === undefined ? response : { ...response, prevKv: bare(response.prevKv) };
    case "delete":
      return { ...response, prevKvs: response.prevKvs.map(bare) };
    case "txn":
      return { ...response, responses: response.responses.map((one) => withoutRevisions(one) as typeof one) };
  }
}

function sameText(one: Request, other: Request): boolean {
  return JSON.stringify(one, plain) === JSON.stringify(other, plain);
}

function plain(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
