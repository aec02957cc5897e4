/** Everything that is compared. Each comparison has its own keys, connections and proxies, so most are made at once. */
import { createClient } from "@kvorum/client";
import { type Ages, agesByEtcd3, agesByKvorum } from "./ages.js";
import { type History, historyByEtcd3, historyByKvorum, storeHistory } from "./history.js";
import { type LargeAnswer, largeAnswerToEtcd3, largeAnswerToKvorum, storeLarge } from "./large-answer.js";
import { type LostReply, transferByEtcd3, transferByKvorum, transferExactlyOnce } from "./lost-reply.js";
import type { Place } from "./place.js";
import { type SilentEndpoint, silentEndpointBeforeEtcd3, silentEndpointBeforeKvorum } from "./silent-endpoint.js";
import { type SilentLease, silentLeaseByEtcd3, silentLeaseByKvorum } from "./silent-lease.js";

/** What was seen of each client. */
export interface Pair<T> {
  readonly etcd3: T;
  readonly kvorum: T;
}

export interface Findings {
  readonly lostReply: Pair<LostReply>;
  readonly exactlyOnce: LostReply;
  readonly ages: Pair<Ages>;
  readonly history: Pair<History>;
  readonly silentLease: Pair<SilentLease>;
  readonly largeAnswer: Pair<LargeAnswer>;
  readonly silentEndpoint: Pair<SilentEndpoint>;
}

/** For one comparison of one client. */
const LIMIT_MS = 25_000;

export async function findingsAt(endpoint: string): Promise<Findings> {
  await using direct = createClient({ endpoints: endpoint });
  await direct.ready({ timeout: 5_000 });
  const at = (space: string): Place => ({ endpoint, direct, space: `versus/${space}/` });
  const [history, largeAnswer] = await Promise.all([compareHistory(at("history")), compareLargeAnswer(at("large"))]);
  // What goes by the clock comes when the server has nothing else to do.
  const [lostReply, exactlyOnce, ages, silentLease, silentEndpoint] = await Promise.all([
    pair(transferByEtcd3, transferByKvorum)(at("reply")),
    limited("exactly once", transferExactlyOnce(at("once"))),
    pair(agesByEtcd3, agesByKvorum)(at("ages")),
    pair(silentLeaseByEtcd3, silentLeaseByKvorum)(at("lease")),
    pair(silentEndpointBeforeEtcd3, silentEndpointBeforeKvorum)(at("endpoint")),
  ]);
  return { lostReply, exactlyOnce, ages, history, silentLease, largeAnswer, silentEndpoint };
}

function pair<T>(etcd3: (place: Place) => Promise<T>, kvorum: (place: Place) => Promise<T>) {
  return async (place: Place): Promise<Pair<T>> => {
    const [a, b] = await Promise.all([
      limited(`${place.space} of etcd3`, etcd3(place)),
      limited(`${place.space} of ours`, kvorum(place)),
    ]);
    return { etcd3: a, kvorum: b };
  };
}

/** A comparison that hangs is named. */
async function limited<T>(name: string, comparison: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end in ${LIMIT_MS} ms: ${name}`)), LIMIT_MS);
  });
  try {
    return await Promise.race([comparison, limit]);
  } finally {
    clearTimeout(timer);
  }
}

async function compareHistory(place: Place): Promise<Pair<History>> {
  const first = await storeHistory(place);
  // One after the other: each ends its history with a put of its own.
  const etcd3 = await limited("history of etcd3", historyByEtcd3(place, first));
  return { etcd3, kvorum: await limited("history of ours", historyByKvorum(place, first)) };
}

async function compareLargeAnswer(place: Place): Promise<Pair<LargeAnswer>> {
  await storeLarge(place);
  return await pair(largeAnswerToEtcd3, largeAnswerToKvorum)(place);
}
