/** A key that goes when nobody keeps its lease alive, beside one whose lease is kept. */
import { expect, type Step } from "../stage.js";

/** Seconds; the shortest that etcd grants with its default election timeout. */
const TTL_SECONDS = 2;

export const expiringLease: Step = {
  title: "A lease that expires",
  async play(stage) {
    const { client } = stage;
    const granted = await stage.ask(
      `lease.grant({ ttl: ${TTL_SECONDS} })`,
      () => client.lease.grant({ ttl: TTL_SECONDS }),
      ({ id, ttl }) => `lease ${id.toString(16)}, ${ttl} s`,
    );
    await using kept = await client.lease.keep({ ttl: TTL_SECONDS });
    const put = await client.put("nodes/silent", "here", { lease: granted });
    await client.put("nodes/alive", "here", { lease: kept });
    const startMs = performance.now();
    const watch = client.watch("nodes/silent", { startRevision: put.header.revision + 1n, only: "delete" });
    await stage.ask(
      "wait for the key of the silent one to go",
      async () => {
        for await (const _ of watch) return;
      },
      () => "deleted by the server",
    );
    const goneMs = performance.now() - startMs;
    expect(goneMs > 1_000 * (TTL_SECONDS - 1), "the lease lived about as long as it was granted");
    const silent = await client.get("nodes/silent");
    const alive = await stage.ask(
      "get the key whose lease is kept alive",
      () => client.get("nodes/alive"),
      (kv) => (kv === undefined ? "gone" : "still there"),
    );
    expect(silent === undefined && alive !== undefined, "only the silent one is gone");
    return `gone after ${(goneMs / 1000).toFixed(1)} s of silence`;
  },
};
