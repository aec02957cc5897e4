/**
 * The same for answers so large that the server sends them in fragments: whatever part of a set arrives before a cut, nothing
 * of it may be reported, and then all of it once. It wants a server with `--max-request-bytes 65536`, which sends fragments
 * from about 580 kB on.
 */
import { createClient, prefix } from "@kvorum/client";
import { Watch } from "@kvorum/proto";
import { niceChannel } from "@kvorum/transport";
import { pause } from "../../robustness/cluster/rpc.js";
import type { FrameCut } from "../../support/frames.js";
import { startProxy } from "../../support/proxy.js";
import { judge } from "./cuts.js";
import { History } from "./history.js";
import type { Scene } from "./scene.js";
import { WatchAudit, type WatchKind } from "./watch-audit.js";

/** Characters of a value: six of them in one txn are below the limit of a request. */
const VALUE_LENGTH = 8_000;
const CHANGES = 110;
/** DATA frames of 16 kB, of about 3 MB in two watches. */
const FRAMES = 190;
const CUTS_IN_SESSION = 12;
const SESSION_MS = 10_000;

const KINDS: readonly WatchKind[] = [
  { name: "of large values", past: true, options: { prevKv: true, bufferSize: 4_096 } },
  { name: "of large values by revision", past: true, batches: true },
];

export async function cutFragments(scene: Scene, cuts: number): Promise<void> {
  const { direct, endpoint, outcome, random } = scene;
  const history = new History({
    client: direct,
    space: "fragments/",
    random,
    valueLength: VALUE_LENGTH,
    previousMayBeMissing: scene.isEtcd,
  });
  for (let i = 0; i < CHANGES; i++) await history.change();
  await history.finish();
  const fragments = await countFragments(endpoint, history);
  if (fragments < 2) outcome.wrong(`the server sent ${fragments} fragments, so nothing is shown about them`);
  const place = (): FrameCut => ({ frame: Math.floor(random() * FRAMES), place: "inside" });
  const goal = outcome.counted("cuts in fragments") + cuts;
  while (outcome.counted("cuts in fragments") < goal && outcome.failed === 0) {
    const proxy = await startProxy(endpoint);
    proxy.cutAtFrame(place);
    const client = createClient({ endpoints: proxy.endpoint, syncMembers: false });
    const end = performance.now() + SESSION_MS;
    try {
      const audits = KINDS.map((kind) => new WatchAudit(client, kind, history));
      // Those that get through before so many cuts have nothing more to show.
      const done = (): boolean => audits.every((audit) => audit.isComplete);
      while (proxy.cuts < CUTS_IN_SESSION && !done() && performance.now() < end) await pause(5);
      proxy.forward();
      await judge(audits, outcome);
      outcome.count("cuts in fragments", proxy.cuts);
      outcome.count("cuts", proxy.cuts);
    } finally {
      await client.close();
      await proxy.close();
    }
  }
}

/** How many of the responses to a watch of the whole history say that more of the same follows. */
async function countFragments(endpoint: string, history: History): Promise<number> {
  const { key, end } = prefix(history.space);
  const channel = niceChannel(endpoint);
  const create = { key, rangeEnd: end ?? new Uint8Array(), startRevision: history.first, prevKv: true, fragment: true };
  const abort = new AbortController();
  async function* requests() {
    yield { requestUnion: { case: "createRequest" as const, value: create } };
    await new Promise((resolve) => abort.signal.addEventListener("abort", resolve));
  }
  let fragments = 0;
  try {
    for await (const response of channel.stream(Watch.method.watch, requests())) {
      if (response.fragment) fragments += 1;
      if ((response.events.at(-1)?.kv?.modRevision ?? 0n) >= (history.events.at(-1)?.revision ?? 0n)) break;
    }
  } finally {
    abort.abort();
    await channel.close();
  }
  return fragments;
}
