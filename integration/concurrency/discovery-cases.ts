/** Registrations and directories on a real server, beside what etcd's own tools write and read. */
import { ClientClosedError, codec, createClient, type Middleware } from "@kvorum/client";
import { AddressTakenError, Discovery, ServiceRegistry } from "@kvorum/concurrency/recipes";
import { describe, expect, it } from "vitest";
import { etcdctl, etcdctlMissing } from "../support/etcdctl.js";
import { type Fixture, until } from "./case.js";

export function discoveryCases(fixture: Fixture): void {
  describe("registry and discovery", () => {
    it("what is registered is found, changes, and is gone", async () => {
      const { client, name } = fixture;
      const zones = codec.json<{ readonly zone: string }>();
      await using registry = new ServiceRegistry(client, { metadata: zones });
      await using directory = new Discovery(client, { metadata: zones }).watch(name);
      await directory.ready;
      const one = await registry.register(name, { addr: "10.0.0.1:80", metadata: { zone: "a" } });
      await registry.register(name, { addr: "10.0.0.2:80", metadata: { zone: "b" } });
      await directory.waitFor(2);
      const picked = [1, 2, 3, 4].map(() => directory.pick()?.addr);
      expect(picked).toEqual(["10.0.0.1:80", "10.0.0.2:80", "10.0.0.1:80", "10.0.0.2:80"]);
      await one.update({ zone: "c" });
      await until(() => directory.instances[0]?.metadata.zone === "c");
      await one.close();
      await until(() => directory.instances.length === 1);
    });

    it("an instance that was deleted, or whose lease was revoked, is back at once", async () => {
      const { client, name } = fixture;
      await using registration = await new ServiceRegistry(client).register(name, { addr: "a:1" });
      await client.delete(registration.key);
      await until(async () => (await client.get(registration.key))?.lease === registration.leaseId);
      const { leaseId } = registration;
      await client.lease.revoke(leaseId);
      await until(async () => (await client.get(registration.key)) !== undefined);
      expect(registration.leaseId).not.toBe(leaseId);
    });

    it("the newest registration of an address wins, and the older one does not come back", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const old = await new ServiceRegistry(client).register(name, { addr: "a:1" });
      await using young = await new ServiceRegistry(other).register(name, { addr: "a:1" });
      await until(() => old.signal.aborted);
      expect(old.signal.reason).toBeInstanceOf(AddressTakenError);
      await old.close();
      expect(await client.get(young.key)).toMatchObject({ lease: young.leaseId, version: 2n });
    });

    it("closing the client takes out what it registered", async () => {
      const { client, endpoint, name } = fixture;
      const other = createClient({ endpoints: endpoint });
      const registration = await new ServiceRegistry(other).register(name, { addr: "a:1" });
      await other.close();
      expect(await client.get(registration.key)).toBeUndefined();
      await until(() => registration.signal.aborted);
    });

    it("a client that closes does not put back what it takes out, however long that takes", async () => {
      const { client, endpoint, name } = fixture;
      const slow: Middleware = async (call, next) => {
        if (call.method === "lease.leaseRevoke") await new Promise((resolve) => setTimeout(resolve, 200));
        return next(call);
      };
      const other = createClient({ endpoints: endpoint, middleware: [slow] });
      const registration = await new ServiceRegistry(other).register(name, { addr: "a:1" });
      const { leaseId } = registration;
      await other.close();
      await until(() => registration.signal.aborted);
      expect(registration.signal.reason).toBeInstanceOf(ClientClosedError);
      expect(registration.leaseId).toBe(leaseId);
      expect(await client.get(registration.key)).toBeUndefined();
    });

    const missing = etcdctlMissing();
    it.skipIf(missing !== undefined)(
      `reads and writes what Go does${missing ? ` (skipped: ${missing})` : ""}`,
      async () => {
        const { client, endpoint, name } = fixture;
        await using registry = new ServiceRegistry(client);
        await registry.register(name, { addr: "10.0.0.1:80", metadata: { zone: "a", weight: 2 } });
        const { stdout } = await etcdctl(endpoint, ["get", `${name}/10.0.0.1:80`, "--print-value-only"]);
        // What `json.Marshal` makes of the `Update` in `client/v3/naming/endpoints`.
        expect(stdout.trim()).toBe('{"Op":0,"Addr":"10.0.0.1:80","Metadata":{"zone":"a","weight":2}}');

        await using directory = new Discovery(client).watch(name);
        await directory.waitFor(1);
        await etcdctl(endpoint, ["put", `${name}/go-1`, '{"Op":0,"Addr":"10.0.0.9:80","Metadata":"canary"}']);
        await directory.waitFor(2);
        expect(directory.instances[1]).toMatchObject({ addr: "10.0.0.9:80", metadata: "canary", key: `${name}/go-1` });
        await etcdctl(endpoint, ["del", `${name}/go-1`]);
        await until(() => directory.instances.length === 1);
      },
    );
  });
}
