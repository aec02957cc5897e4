/** The published npm `etcd3` 1.1.2 as a client of Kvorum: its main features, unchanged. */
import { Etcd3, type IKeyValue } from "etcd3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../support/etcd.js";
import { startKvorum } from "../support/kvorum.js";

describe("npm etcd3 1.1.2 with Kvorum", () => {
  let server: TestServer;
  let client: Etcd3;

  beforeAll(async () => {
    server = await startKvorum();
    client = new Etcd3({ hosts: server.endpoint });
  });

  afterAll(async () => {
    client.close();
    await server.stop();
  });

  it("puts, gets and deletes", async () => {
    await client.put("plain/a").value("1");
    await client.put("plain/b").value(Buffer.from([0, 255]));
    expect(await client.get("plain/a").string()).toBe("1");
    expect(await client.get("plain/b").buffer()).toEqual(Buffer.from([0, 255]));
    expect(await client.getAll().prefix("plain/").keys()).toEqual(["plain/a", "plain/b"]);
    expect(await client.getAll().prefix("plain/").count()).toBe(2);
    expect((await client.delete().prefix("plain/")).deleted).toBe("2");
    expect(await client.get("plain/a").string()).toBeNull();
  });

  it("sorts and limits", async () => {
    for (const [key, value] of [
      ["s/1", "c"],
      ["s/2", "a"],
      ["s/3", "b"],
    ] as const)
      await client.put(key).value(value);
    expect(await client.getAll().prefix("s/").sort("Value", "Descend").limit(2).keys()).toEqual(["s/1", "s/3"]);
  });

  it("runs transactions", async () => {
    await client.put("txn").value("1");
    const swap = () =>
      client.if("txn", "Value", "==", "1").then(client.put("txn").value("2")).else(client.get("txn")).commit();
    expect((await swap()).succeeded).toBe(true);
    expect((await swap()).succeeded).toBe(false);
    expect(await client.get("txn").string()).toBe("2");
  });

  it("reports keys in a namespace without their prefix", async () => {
    const space = client.namespace("space/");
    await space.put("a").value("1");
    expect(await space.getAll().keys()).toEqual(["a"]);
    expect(await client.get("space/a").string()).toBe("1");
  });

  it("keeps a lease alive and lets it go", async () => {
    const lease = client.lease(5);
    await lease.put("leased").value("1");
    await lease.keepaliveOnce();
    expect(await client.get("leased").string()).toBe("1");
    await lease.revoke();
    expect(await client.get("leased").string()).toBeNull();
  });

  it("watches", async () => {
    const watcher = await client.watch().prefix("watched/").create();
    try {
      const seen: string[] = [];
      const two = new Promise<void>((resolve) => {
        watcher.on("put", (kv: IKeyValue) => seen.push(`put ${kv.key}=${kv.value}`));
        watcher.on("delete", (kv: IKeyValue) => {
          seen.push(`delete ${kv.key}`);
          resolve();
        });
      });
      await client.put("watched/a").value("1");
      await client.delete().key("watched/a");
      await two;
      expect(seen).toEqual(["put watched/a=1", "delete watched/a"]);
    } finally {
      await watcher.cancel();
    }
  });

  it("locks", async () => {
    const lock = await client.lock("resource").ttl(5).acquire();
    await expect(client.lock("resource").ttl(5).acquire()).rejects.toThrow();
    await lock.release();
    await (await client.lock("resource").ttl(5).acquire()).release();
  });

  it("elects a leader", async () => {
    const election = client.election("npm-election", 5);
    const campaign = election.campaign("worker-1");
    await new Promise<void>((resolve, reject) => {
      campaign.on("elected", resolve);
      campaign.on("error", reject);
    });
    expect(await election.leader()).toBe("worker-1");
    await campaign.resign();
  });

  it("runs its STM on one key", async () => {
    await client.put("counter").value("1");
    await client.stm().transact(async (tx) => {
      const value = await tx.get("counter").number();
      await tx.put("counter").value((value ?? 0) + 1);
    });
    expect(await client.get("counter").number()).toBe(2);
  });

  it("shows an error of the server", async () => {
    await expect(client.put("a").value("1").lease("123456")).rejects.toThrow(/requested lease not found/);
  });

  it("reads maintenance status", async () => {
    const status = await client.maintenance.status();
    expect(Number(status.dbSize)).toBeGreaterThan(0);
  });
});
