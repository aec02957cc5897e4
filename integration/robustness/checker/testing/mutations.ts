/** Ways to spoil a good history of any kind. */
import { pick } from "../../../support/random.js";
import { type Acknowledged, type History, isAcknowledged, type Operation } from "../history.js";

/** Each turns a good history into one that must be rejected, whatever the seed. */
export const mutations: Readonly<Record<string, (history: History, random: () => number) => History>> = {
  "a member's last pair has another value": (history) => ({
    ...history,
    dumps: history.dumps.map(({ kvs, ...dump }) => ({
      ...dump,
      kvs: kvs.map((kv, index) => (index === 0 ? { ...kv, value: `${kv.value}?` } : kv)),
    })),
  }),
  "one event is dropped from all feeds": (history, random) => {
    const at = Math.floor(random() * ((history.feeds[0]?.events.length ?? 1) - 1));
    return onFeeds(history, (events) => events.filter((_, index) => index !== at));
  },
  "one event of one feed is bent": (history, random) => {
    const at = Math.floor(random() * (history.feeds[0]?.events.length ?? 0));
    const [first, ...rest] = history.feeds;
    const events = first?.events.map((event, index) =>
      index === at ? { ...event, kv: { ...event.kv, version: event.kv.version + 1 } } : event,
    );
    return { ...history, feeds: [{ source: "bent", events: events ?? [] }, ...rest] };
  },
  "two neighbouring puts swap their values": (history, random) => {
    const puts = (history.feeds[0]?.events ?? []).filter(({ type }) => type === "put");
    const at = Math.floor(random() * (puts.length - 1));
    const [one, two] = [puts[at]?.kv.value, puts[at + 1]?.kv.value] as [string, string];
    const swapped = new Map([
      [one, two],
      [two, one],
    ]);
    return onFeeds(history, (events) =>
      events.map((event) => ({ ...event, kv: { ...event.kv, value: swapped.get(event.kv.value) ?? event.kv.value } })),
    );
  },
  "an acknowledged answer moves on by a revision": (history, random) =>
    onAcknowledged(history, random, isWrite, (operation) => ({
      ...operation,
      outcome: { ...operation.outcome, revision: operation.outcome.revision + 1 },
    })),
  "an answer counts one pair more": (history, random) =>
    onAcknowledged(
      history,
      random,
      ({ outcome }) => outcome.response.kind === "range",
      (operation) => {
        const { response } = operation.outcome;
        const bent = response.kind === "range" ? { ...response, count: response.count + 1 } : response;
        return { ...operation, outcome: { ...operation.outcome, response: bent } };
      },
    ),
  "a transaction took the other branch": (history, random) =>
    onAcknowledged(
      history,
      random,
      ({ outcome }) => outcome.response.kind === "txn",
      (operation) => {
        const { response } = operation.outcome;
        const bent = response.kind === "txn" ? { ...response, succeeded: !response.succeeded } : response;
        return { ...operation, outcome: { ...operation.outcome, response: bent } };
      },
    ),
  "a write is invoked after everything else has returned": (history, random) => {
    const end = Math.max(...history.operations.map((operation) => operation.return)) + 1;
    const newest = Math.max(...history.operations.filter(isAcknowledged).map(({ outcome }) => outcome.revision));
    // Somebody has been told of a later revision.
    const isEarly = (operation: Acknowledged): boolean => isWrite(operation) && operation.outcome.revision < newest;
    return onAcknowledged(history, random, isEarly, (operation) => ({
      ...operation,
      client: 99,
      invoke: end,
      return: end + 1,
    }));
  },
  "an acknowledged write is recorded as refused": (history, random) =>
    onAcknowledged(history, random, isWrite, (operation) => ({ ...operation, outcome: { status: "refused" } })),
};

function isWrite({ request }: Acknowledged): boolean {
  return request.kind === "put";
}

function onFeeds(
  history: History,
  change: (events: History["feeds"][number]["events"]) => History["feeds"][number]["events"],
): History {
  return { ...history, feeds: history.feeds.map(({ source, events }) => ({ source, events: change(events) })) };
}

function onAcknowledged(
  history: History,
  random: () => number,
  fits: (operation: Acknowledged) => boolean,
  change: (operation: Acknowledged) => Operation,
): History {
  const chosen = pick(random, history.operations.filter(isAcknowledged).filter(fits));
  const operations = history.operations.map((operation) => (operation === chosen ? change(chosen) : operation));
  return { ...history, operations };
}
