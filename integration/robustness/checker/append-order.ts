/**
 * From what was read of each list to the order in which its elements were appended, and everything that is wrong with single
 * lists: that needs no cycle to be seen.
 */
import type { AppendTransaction } from "./append-history.js";
import type { Rule, Violation } from "./violation.js";

/** What a transaction has first read of a list. */
export interface ListRead {
  readonly transaction: AppendTransaction;
  /** As it was before the transaction itself appended to it. */
  readonly list: readonly string[];
  /** As it was read: with what the transaction had appended before. */
  readonly shown: readonly string[];
}

/** Everything known of one list. */
export interface ListOrder {
  readonly key: string;
  /** The longest that was read: all others are beginnings of it. */
  readonly elements: readonly string[];
  readonly reads: readonly ListRead[];
  /** Appends that have happened and are in no list that was read: they come after all of `elements`, in no known order. */
  readonly unseen: readonly string[];
}

export interface Orders {
  /** Lists whose order is certain. */
  readonly orders: readonly ListOrder[];
  /** Those that have happened: acknowledged, or seen by one that has. */
  readonly happened: readonly AppendTransaction[];
  /** By list and element. */
  readonly writers: ReadonlyMap<string, Writer>;
  readonly violations: readonly Violation[];
}

export interface Writer {
  readonly transaction: AppendTransaction;
  /** Whether the same transaction appended something more to the same list. */
  readonly intermediate: boolean;
}

export function writerName(key: string, element: string): string {
  return `${key} ${element}`;
}

export function findOrders(transactions: readonly AppendTransaction[]): Orders {
  const { writers, violations } = writersOf(transactions);
  const happened = happenedOf(transactions, writers);
  const orders: ListOrder[] = [];
  for (const [key, reads] of readsByKey(happened)) {
    const wrong = [...judgeReads(key, reads, writers), ...judgeOrder(key, reads)];
    const order = { key, reads, elements: longest(reads).shown, unseen: [] as string[] };
    violations.push(...wrong);
    if (!wrong.some(({ rule }) => rule === "append-order" || rule === "append-duplicate")) orders.push(order);
  }
  const complete = withUnseen(orders, happened);
  violations.push(...happened.flatMap(judgeInternal), ...complete.flatMap((order) => judgeLost(order, writers)));
  return { orders: complete, happened, writers, violations };
}

function writersOf(transactions: readonly AppendTransaction[]) {
  const writers = new Map<string, Writer>();
  const violations: Violation[] = [];
  for (const transaction of transactions) {
    const last = new Map<string, string>();
    for (const one of transaction.operations) if (one.kind === "append") last.set(one.key, one.element);
    for (const one of transaction.operations) {
      if (one.kind !== "append") continue;
      const name = writerName(one.key, one.element);
      const other = writers.get(name);
      if (other !== undefined) {
        const message = `two transactions append ${one.element} to ${one.key}`;
        violations.push(violation("assumption", message, other.transaction, transaction));
      }
      writers.set(name, { transaction, intermediate: last.get(one.key) !== one.element });
    }
  }
  return { writers, violations };
}

/** The acknowledged, and every unknown one of which an element is in a list that one of these has read. */
function happenedOf(
  transactions: readonly AppendTransaction[],
  writers: ReadonlyMap<string, Writer>,
): AppendTransaction[] {
  const happened = new Set(transactions.filter(({ status }) => status === "acknowledged"));
  // What is added while the loop runs is visited too.
  for (const { operations } of happened) {
    for (const one of operations) {
      if (one.kind === "append") continue;
      for (const element of one.list) {
        const writer = writers.get(writerName(one.key, element))?.transaction;
        if (writer?.status === "unknown") happened.add(writer);
      }
    }
  }
  return transactions.filter((transaction) => happened.has(transaction));
}

/** Each list with the first read of every transaction. */
function readsByKey(happened: readonly AppendTransaction[]): ReadonlyMap<string, ListRead[]> {
  const reads = new Map<string, ListRead[]>();
  for (const transaction of happened) {
    const appended = new Map<string, number>();
    const done = new Set<string>();
    for (const one of transaction.operations) {
      const list = reads.get(one.key) ?? [];
      reads.set(one.key, list);
      const own = appended.get(one.key) ?? 0;
      if (one.kind === "append") appended.set(one.key, own + 1);
      else if (!done.has(one.key)) {
        list.push({ transaction, shown: one.list, list: one.list.slice(0, Math.max(0, one.list.length - own)) });
        done.add(one.key);
      }
    }
  }
  return reads;
}

/** Elements that nobody appended, that were refused, or that were not the last of their transaction; elements twice. */
function judgeReads(key: string, reads: readonly ListRead[], writers: ReadonlyMap<string, Writer>): Violation[] {
  const violations: Violation[] = [];
  const told = new Set<string>();
  for (const { transaction, list, shown } of reads) {
    const seen = new Set<string>();
    const report = (rule: Rule, element: string, words: string, ...others: AppendTransaction[]): void => {
      if (told.has(`${rule} ${element}`)) return;
      told.add(`${rule} ${element}`);
      violations.push(violation(rule, `element ${element} of list ${key} ${words}`, ...others, transaction));
    };
    for (const [index, element] of shown.entries()) {
      if (seen.has(element)) report("append-duplicate", element, "is there twice");
      seen.add(element);
      const writer = writers.get(writerName(key, element));
      if (writer === undefined) report("append-phantom", element, "was appended by nobody");
      else if (writer.transaction.status === "refused") {
        report("append-g1a", element, "was read although it was refused", writer.transaction);
      } else if (writer.intermediate && index === list.length - 1 && writer.transaction !== transaction) {
        report("append-g1b", element, "was read before its transaction was done", writer.transaction);
      }
    }
  }
  return violations;
}

/** Any two lists that were read are beginnings of one another. */
function judgeOrder(key: string, reads: readonly ListRead[]): Violation[] {
  const whole = longest(reads);
  const odd = reads.find(({ shown }) => shown.some((element, index) => whole.shown[index] !== element));
  if (odd === undefined) return [];
  const words = `list ${key} was read as [${odd.shown.join(" ")}] and as [${whole.shown.join(" ")}]`;
  return [violation("append-order", `${words}: neither is how the other began`, odd.transaction, whole.transaction)];
}

/** The first of the longest; a list that nobody has read is as good as empty. */
function longest(reads: readonly ListRead[]): ListRead {
  const nothing: ListRead = { transaction: NOBODY, list: [], shown: [] };
  return reads.reduce((best, read) => (read.shown.length > best.shown.length ? read : best), reads[0] ?? nothing);
}

const NOBODY: AppendTransaction = { client: -1, invoke: 0, return: 0, status: "refused", operations: [] };

function withUnseen(orders: readonly ListOrder[], happened: readonly AppendTransaction[]): ListOrder[] {
  const unseen = new Map<string, string[]>();
  const known = new Map(orders.map(({ key, elements }) => [key, new Set(elements)]));
  for (const { operations } of happened) {
    for (const one of operations) {
      if (one.kind !== "append" || known.get(one.key)?.has(one.element) !== false) continue;
      unseen.set(one.key, [...(unseen.get(one.key) ?? []), one.element]);
    }
  }
  return orders.map((order) => ({ ...order, unseen: unseen.get(order.key) ?? [] }));
}

/** An acknowledged element that no list has, although one was read after its acknowledgement. */
function judgeLost({ key, reads, unseen }: ListOrder, writers: ReadonlyMap<string, Writer>): Violation[] {
  const [first] = reads;
  if (unseen.length === 0 || first === undefined) return [];
  const last = reads.reduce((late, read) => (read.transaction.invoke > late.transaction.invoke ? read : late), first);
  return unseen.flatMap((element) => {
    const writer = writers.get(writerName(key, element))?.transaction;
    if (writer?.status !== "acknowledged" || writer.return >= last.transaction.invoke) return [];
    return [violation("append-lost", `list ${key} has lost the element ${element}`, writer, last.transaction)];
  });
}

/** A transaction sees what it has read and appended itself. */
function judgeInternal(transaction: AppendTransaction): Violation[] {
  const known = new Map<string, { readonly whole: boolean; readonly list: readonly string[] }>();
  for (const one of transaction.operations) {
    const { whole, list } = known.get(one.key) ?? { whole: false, list: [] };
    if (one.kind === "append") {
      known.set(one.key, { whole, list: [...list, one.element] });
      continue;
    }
    const tail = whole ? one.list : one.list.slice(Math.max(0, one.list.length - list.length));
    if (tail.length !== list.length || tail.some((element, index) => element !== list[index])) {
      if (!known.has(one.key)) continue;
      const words = `list ${one.key} is read as [${one.list.join(" ")}] by who must find [${list.join(" ")}] there`;
      return [violation("append-internal", words, transaction)];
    }
    known.set(one.key, { whole: true, list: one.list });
  }
  return [];
}

function violation(rule: Rule, message: string, ...transactions: readonly AppendTransaction[]): Violation {
  return { rule, message, witnesses: transactions.map((transaction) => ({ kind: "transaction", transaction })) };
}
