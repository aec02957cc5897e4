/**
 * kill -9 under load: a real process is killed at random moments and started again on the same data; no acknowledged
 * write may be missing, none may be applied twice, the revision never goes back. `KVORUM_KILLS` sets the number of kills
 * (default 12; `scripts/campaigns/kills.mjs` does 50), `KVORUM_SEED` replays the moments.
 */
import { KV, Watch } from "@kvorum/proto";
import { type Channel, niceChannel } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { startKvorum } from "../support/kvorum.js";
import { freePort, temporaryDirectory } from "../support/process.js";
import { seeded } from "../support/random.js";
import { Ledger } from "./ledger.js";

const KILLS = Number(process.env["KVORUM_KILLS"] ?? 12);
const SEED = Number(process.env["KVORUM_SEED"] ?? Date.now() % 1_000_000);
const WRITERS = 16;

/** The modification revisions of all events from revision 2 to `last`, as a watch reports them. */
async function historyRevisions(channel: Channel, last: bigint): Promise<bigint[]> {
  const revisions: bigint[] = [];
  const abort = new AbortController();
  async function* create() {
    const value = { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0), startRevision: 2n };
    yield { requestUnion: { case: "createRequest" as const, value } };
    await new Promise((resolve) => abort.signal.addEventListener("abort", resolve));
  }
  for await (const response of channel.stream(Watch.method.watch, create())) {
    revisions.push(...response.events.map((event) => event.kv?.modRevision ?? 0n));
    if ((revisions.at(-1) ?? 0n) >= last) break;
  }
  abort.abort();
  return revisions;
}

describe("kill -9 under load", () => {
  it(`loses no acknowledged write over ${KILLS} kills`, { timeout: KILLS * 10_000 + 60_000 }, async () => {
    const random = seeded(SEED);
    const directory = await temporaryDirectory("kills");
    const port = await freePort();
    const ledger = new Ledger(WRITERS);
    const starts: number[] = [];
    try {
      for (let kill = 0; kill <= KILLS; kill++) {
        const began = performance.now();
        const server = await startKvorum({ dataDir: directory.path, port, flags: ["--snapshot-count", "500"] });
        starts.push(performance.now() - began);
        const channel = niceChannel(server.endpoint);
        try {
          expect(await ledger.audit(channel), `seed ${SEED}, kill ${kill}`).toEqual([]);
          if (kill === KILLS) {
            await expectWholeHistory(channel, ledger);
            break;
          }
          const writing = ledger.write(channel);
          await new Promise((resolve) => setTimeout(resolve, 20 + random() * 280));
          await server.process.stop("SIGKILL");
          await writing;
        } finally {
          await channel.close();
          await server.process.stop("SIGKILL");
        }
      }
      expect(ledger.acknowledgements).toBeGreaterThan(KILLS);
    } finally {
      await directory.remove();
    }
    const slowest = Math.max(...starts).toFixed(0);
    console.log(
      `kills ${KILLS}, seed ${SEED}: ${ledger.acknowledgements} acknowledged writes, all there; slowest start ${slowest} ms`,
    );
  });
});

/** Every revision from 2 on is in the watch's history exactly once. */
async function expectWholeHistory(channel: Channel, ledger: Ledger): Promise<void> {
  const { header } = await channel.unary(KV.method.range, { key: Uint8Array.of(1) }, { timeoutMs: 10_000 });
  const last = header?.revision ?? 0n;
  expect(last).toBeGreaterThanOrEqual(ledger.revision);
  const revisions = await historyRevisions(channel, last);
  expect(revisions).toEqual(Array.from({ length: Number(last) - 1 }, (_, i) => BigInt(i + 2)));
}
