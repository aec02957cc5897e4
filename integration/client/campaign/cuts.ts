/**
 * Watches whose connections are cut at every boundary of a message, before it, inside it and behind it. Several lanes work at
 * once; each has a client with many watches on one stream, a proxy that cuts, and a history that goes on being written. A
 * lane works in sessions, so that watches are also created, from the past and from now on, while connections are cut.
 */
import { createClient } from "@kvorum/client";
import { pause } from "../../robustness/cluster/rpc.js";
import type { FrameCut } from "../../support/frames.js";
import { type FaultProxy, startProxy } from "../../support/proxy.js";
import { History } from "./history.js";
import type { Outcome, Scene } from "./scene.js";
import { WatchAudit, type WatchKind } from "./watch-audit.js";

export interface CutOptions {
  /** Connections to cut. */
  readonly cuts: number;
  readonly lanes: number;
}

/** So many messages of a connection are swept: the creation of all watches, what they missed, and news. */
const FRAMES = 24;
const PLACES = ["before", "inside", "after"] as const;
const CUTS_IN_SESSION = 40;
/** Milliseconds between two changes of a lane, at most. */
const CHANGE_EVERY_MS = 10;

const KINDS: readonly WatchKind[] = [
  { name: "of the past", past: true, options: { prevKv: true } },
  { name: "from now on" },
  { name: "by revision", past: true, batches: true, options: { prevKv: true } },
  { name: "of puts", past: true, options: { only: "put" } },
  { name: "of deletions", options: { only: "delete", prevKv: true } },
  { name: "of one key", key: "b", options: { prevKv: true } },
  { name: "with a slow consumer", past: true, slowMs: 3, options: { bufferSize: 4 } },
];
/** Created in the middle of a session. */
const LATER: readonly WatchKind[] = [
  { name: "of the past, later", past: true, batches: true },
  { name: "from now on, later", options: { prevKv: true } },
];

export async function cutWatches(scene: Scene, options: CutOptions): Promise<void> {
  const sweep = new Sweep();
  const goal = scene.outcome.counted("cuts") + options.cuts;
  const wanted = (): boolean => scene.outcome.counted("cuts") < goal && scene.outcome.failed === 0;
  await Promise.all(
    Array.from({ length: options.lanes }, async (_, lane) => {
      for (let session = 0; wanted(); session++) {
        await playSession(scene, { sweep, wanted, space: `cuts/${lane}/${session}/`, endpoints: 1 + (lane % 2) });
      }
    }),
  );
}

/** Every position in turn, over all lanes. */
class Sweep {
  #made = 0;
  readonly next = (): FrameCut => {
    const position = this.#made++;
    const place = PLACES[Math.floor(position / FRAMES) % PLACES.length] ?? "before";
    return { frame: position % FRAMES, place };
  };
}

interface SessionOptions {
  readonly sweep: Sweep;
  /** Are more cuts wanted? */
  readonly wanted: () => boolean;
  readonly space: string;
  /** Addresses of the same server: with two, a client goes on at the other one at once. */
  readonly endpoints: number;
}

async function playSession(scene: Scene, { sweep, wanted, space, endpoints }: SessionOptions): Promise<void> {
  const { direct, endpoint, outcome, random } = scene;
  const history = new History({ client: direct, space, random, previousMayBeMissing: scene.isEtcd });
  for (let i = 0; i < 8; i++) await history.change();
  const proxies: FaultProxy[] = [];
  for (let i = 0; i < endpoints; i++) proxies.push(await startProxy(endpoint));
  for (const proxy of proxies) proxy.cutAtFrame(sweep.next);
  const client = createClient({ endpoints: proxies.map((proxy) => proxy.endpoint), syncMembers: false });
  try {
    const audits = KINDS.map((kind) => new WatchAudit(client, kind, history));
    for (let cuts = 0; cuts < CUTS_IN_SESSION && wanted(); ) {
      await history.change();
      await pause(random() * CHANGE_EVERY_MS);
      const made = proxies.reduce((sum, proxy) => sum + proxy.cuts, 0);
      outcome.count("cuts", made - cuts);
      cuts = made;
      if (audits.length === KINDS.length && cuts > CUTS_IN_SESSION / 2) {
        audits.push(...LATER.map((kind) => new WatchAudit(client, kind, history)));
      }
    }
    for (const proxy of proxies) proxy.forward();
    await history.finish();
    await judge(audits, outcome);
  } finally {
    await client.close();
    for (const proxy of proxies) await proxy.close();
  }
}

/** Waits for every watch to be complete and takes its verdict. */
export async function judge(audits: readonly WatchAudit[], outcome: Outcome): Promise<void> {
  const verdicts = await Promise.all(audits.map((audit) => audit.verdict()));
  outcome.wrong(...verdicts.flat());
  for (const audit of audits) {
    outcome.count("watch events", audit.events);
    outcome.count("watches");
    if (audit.withoutPrevious > 0) outcome.count("previous values that etcd left out", audit.withoutPrevious);
  }
}
