/** The same locks and elections from etcd's own command line tool: the layout of keys is a contract between strangers. */
import { createClient, prefix } from "@kvorum/client";
import { Election, Mutex } from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { etcdctlMissing, startEtcdctl } from "../support/etcdctl.js";
import type { RunningProcess } from "../support/process.js";
import { type Fixture, until } from "./case.js";

export function etcdctlCases(fixture: Fixture): void {
  const missing = etcdctlMissing();
  const etcdctl = (...args: string[]): Promise<RunningProcess> => startEtcdctl(fixture.endpoint, args);
  const contenders = async (): Promise<number> => Number(await fixture.client.count(prefix(`${fixture.name}/`)));

  describe.skipIf(missing !== undefined)(`with etcdctl${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
    it("`etcdctl lock` excludes our mutex until it ends", async () => {
      const { client, name } = fixture;
      const theirs = await etcdctl("lock", name);
      await until(() => theirs.output().includes(`${name}/`));
      expect(await new Mutex(client, name).tryLock()).toBeUndefined();
      const holder = await new Mutex(client, name).holder();
      expect(theirs.output().trim()).toBe(holder?.key);
      const waiting = new Mutex(client, name).lock();
      await until(async () => (await contenders()) === 2);
      await theirs.stop("SIGINT");
      await (await waiting).unlock();
    });

    it("our lock excludes `etcdctl lock` until it is unlocked", async () => {
      const { client, name } = fixture;
      const lock = await new Mutex(client, name).lock();
      const theirs = await etcdctl("lock", name, "echo", "inside");
      await until(async () => (await contenders()) === 2);
      expect(theirs.output()).toBe("");
      await lock.unlock();
      await until(() => theirs.output().includes("inside"));
      await theirs.stop();
    });

    it("`etcdctl elect -l` observes our leader, and its candidate waits for us", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const leadership = await new Election(client, name).campaign("ours");
      const observer = await etcdctl("elect", "-l", name);
      await until(() => observer.output().includes("ours"));
      await leadership.proclaim("ours again");
      await until(() => observer.output().includes("ours again"));
      const candidate = await etcdctl("elect", name, "theirs");
      await until(async () => (await contenders()) === 2);
      expect((await new Election(other, name).leader())?.value).toBe("ours again");
      await leadership.resign();
      await until(async () => (await new Election(other, name).leader())?.value === "theirs");
      await until(() => candidate.output().includes("theirs"));
      await candidate.stop("SIGINT");
      await observer.stop("SIGKILL");
    });

    it("our observer follows `etcdctl elect` from leader to leader", async () => {
      const { client, name } = fixture;
      const seen: (string | undefined)[] = [];
      const stop = new AbortController();
      const observed = (async () => {
        for await (const leader of new Election(client, name).observe({ signal: stop.signal }))
          seen.push(leader?.value);
      })();
      const first = await etcdctl("elect", name, "one of theirs");
      await until(() => seen.at(-1) === "one of theirs");
      const second = await etcdctl("elect", name, "another");
      await until(async () => (await contenders()) === 2);
      // An `elect` that is interrupted before it has told that it leads may leave its key to the lease, a minute long.
      await until(() => first.output().includes("one of theirs"));
      await first.stop("SIGINT");
      await until(() => seen.at(-1) === "another");
      await until(() => second.output().includes("another"));
      await second.stop("SIGINT");
      await until(() => seen.length > 0 && seen.at(-1) === undefined);
      stop.abort();
      await observed;
      expect(seen.filter((value) => value !== undefined)).toEqual(["one of theirs", "another"]);
    });
  });
}
