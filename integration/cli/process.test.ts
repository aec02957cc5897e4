/** kvorumctl as a process: signals, pipes, programs it runs, a terminal; and its watches beside those of etcdctl. */
import { createClient, op, prefix } from "@kvorum/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd, type TestServer } from "../support/etcd.js";
import { etcdctlMissing } from "../support/etcdctl.js";
import { startKvorum } from "../support/kvorum.js";
import { KVORUMCTL, start, startKvorumctl } from "./command.js";

const PATIENT = ["--heartbeat-interval", "500", "--election-timeout", "5000"];
const SERVERS = {
  etcd: { start: () => startEtcd(PATIENT), missing: etcdMissing() ?? etcdctlMissing() },
  Kvorum: { start: () => startKvorum({ flags: PATIENT }), missing: etcdctlMissing() },
};

for (const [server, { start: startServer, missing }] of Object.entries(SERVERS)) {
  if (missing !== undefined) console.log(`the process of kvorumctl on ${server} is skipped: ${missing}`);
  describe.skipIf(missing !== undefined)(`kvorumctl as a process, on ${server}`, () => {
    let node: TestServer;
    let client: ReturnType<typeof createClient>;

    beforeAll(async () => {
      node = await startServer();
      client = createClient({ endpoints: node.endpoint });
    });
    beforeEach(async () => {
      await client.delete(prefix(""));
    });
    afterAll(async () => {
      await client?.close();
      await node?.stop();
    });

    const run = async (
      ...args: readonly string[]
    ): Promise<{ code: number | string; stdout: string; stderr: string }> => {
      const command = startKvorumctl(node.endpoint, args, { input: "" });
      const code = await command.ended;
      return { code, stdout: command.stdout(), stderr: command.stderr() };
    };

    for (const format of ["simple", "json", "fields"]) {
      it(`a watch prints the same bytes as etcdctl's while things happen: ${format}`, async () => {
        const { header } = await client.put("w/0", "before");
        const args = ["watch", "w/", "--prefix", "--prev-kv", "-w", format, "--rev", String(header.revision)];
        const theirs = start("etcdctl", [`--endpoints=${node.endpoint}`, ...args]);
        const ours = startKvorumctl(node.endpoint, args);
        await Promise.all([theirs.until(/./), ours.until(/./)]);
        await client.put("w/1", "one");
        await client.put("w/1", "two\n\u00e4");
        await client.delete("w/1");
        await client.txn({ then: [op.put("w/2", "x"), op.put("w/3", "y")] });
        await client.put("w/last", "END");
        const end = format === "json" ? /RU5E/ : /END/;
        await Promise.all([theirs.until(end), ours.until(end)]);
        theirs.signal("SIGTERM");
        ours.signal("SIGINT");
        expect(await ours.ended).toBe(130);
        await theirs.ended;
        expect(ours.stdout()).toBe(theirs.stdout());
        expect(ours.stderr()).toBe("");
      });
    }

    it("a watch prints history as one message, with that message's header, as etcdctl does", async () => {
      const { header } = await client.put("h/1", "1");
      await client.put("h/2", "2");
      await client.delete("h/1");
      const args = ["watch", "h/", "--prefix", "-w", "json", "--rev", String(header.revision)];
      const [theirs, ours] = [
        start("etcdctl", [`--endpoints=${node.endpoint}`, ...args]),
        startKvorumctl(node.endpoint, args),
      ];
      await Promise.all([theirs.until(/\n/), ours.until(/\n/)]);
      theirs.signal("SIGTERM");
      ours.signal("SIGTERM");
      expect(await ours.ended).toBe(143);
      await theirs.ended;
      expect(ours.stdout()).toBe(theirs.stdout());
      expect(ours.stdout().split("\n")).toHaveLength(2);
    });

    it("a watch runs a program for each change and ends when it fails", async () => {
      const { header } = await client.put("e/1", "first");
      await client.put("e/1", "stop");
      const script =
        'echo "$ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY $ETCD_WATCH_VALUE"; [ "$ETCD_WATCH_VALUE" != \'"stop"\' ]';
      const { code, stdout, stderr } = await run(
        "watch",
        "e/1",
        "--rev",
        String(header.revision),
        "--",
        "sh",
        "-c",
        script,
      );
      expect(code).toBe(1);
      expect(stdout).toContain('"PUT" "e/1" "first"\n"PUT" "e/1" "stop"\n');
      expect(stderr).toMatch(/^command \["sh" "-c" .*\] error \(exit status 1\)\n$/);
    });

    it("watches are asked for line by line", async () => {
      const command = startKvorumctl(node.endpoint, ["watch", "-i"]);
      const { header } = await client.put("i/1", "one");
      command.write(`watch i/1 --rev ${header.revision}\nnonsense\nwatch i/2 --rev ${header.revision}\n`);
      await command.until(/PUT\ni\/1\none\n/);
      await client.put("i/2", "two");
      await command.until(/PUT\ni\/2\ntwo\n/);
      command.signal("SIGINT");
      expect(await command.ended).toBe(130);
      expect(command.stderr()).toBe("Invalid command nonsense (only support watch)\n");
    });

    it("a lock is held until a signal, and the next in line has it then, whichever tool asks", async () => {
      const first = startKvorumctl(node.endpoint, ["lock", "door"]);
      await first.until(/^door\/[\da-f]+\n\n$/);
      const second = start("etcdctl", [`--endpoints=${node.endpoint}`, "lock", "door"]);
      const third = startKvorumctl(node.endpoint, ["lock", "door", "-w", "json"]);
      await untilKeys("door/", 3);
      expect([second.stdout(), third.stdout()]).toEqual(["", ""]);
      first.signal("SIGTERM");
      expect(await first.ended).toBe(0);
      const winner = await Promise.race([second.until(/./).then(() => second), third.until(/./).then(() => third)]);
      const loser = winner === second ? third : second;
      expect(loser.stdout()).toBe("");
      winner.signal("SIGINT");
      await winner.ended;
      await loser.until(/./);
      loser.signal("SIGINT");
      expect(await loser.ended).toBe(0);
      expect(await client.count(prefix("door/"))).toBe(0n);
      // The leases go with the locks; etcdctl leaves its own to run out.
      expect((await client.lease.list()).length).toBeLessThanOrEqual(1);
    });

    it("a program is run while the lock is held, and its exit code is ours", async () => {
      const script = "echo $ETCD_LOCK_KEY $ETCD_LOCK_REV; exit 7";
      const { code, stdout, stderr } = await run("lock", "job", "--", "sh", "-c", script);
      expect({ code, stderr }).toEqual({ code: 7, stderr: "" });
      expect(stdout).toMatch(/^job\/[\da-f]+ \d+\n$/);
      expect(await client.count(prefix("job/"))).toBe(0n);
      const missing = await run("lock", "job", "--", "/nowhere/program");
      expect(missing).toEqual({
        code: 1,
        stdout: "",
        stderr: "Error: fork/exec /nowhere/program: no such file or directory\n",
      });
    });

    it("an election has one leader, who is seen, and resigns on a signal", async () => {
      const leader = startKvorumctl(node.endpoint, ["elect", "office", "me"]);
      await leader.until(/^office\/[\da-f]+\nme\n$/);
      const [theirs, ours] = [
        start("etcdctl", [`--endpoints=${node.endpoint}`, "elect", "-l", "office"]),
        startKvorumctl(node.endpoint, ["elect", "-l", "office"]),
      ];
      await Promise.all([theirs.until(/me\n/), ours.until(/me\n/)]);
      const next = startKvorumctl(node.endpoint, ["elect", "office", "you"]);
      await untilKeys("office/", 2);
      leader.signal("SIGTERM");
      expect(await leader.ended).toBe(0);
      await Promise.all([next.until(/you\n/), theirs.until(/you\n/), ours.until(/you\n/)]);
      expect(ours.stdout()).toBe(theirs.stdout());
      for (const command of [theirs, ours, next]) command.signal("SIGINT");
      expect(await Promise.all([ours.ended, next.ended, theirs.ended])).toEqual([0, 0, 0]);
    });

    it("a lease is kept alive until a signal, and lives on", async () => {
      const { id } = await client.lease.grant({ ttl: 3 });
      const command = startKvorumctl(node.endpoint, ["lease", "keep-alive", id.toString(16)]);
      await command.until(/(lease [\da-f]{16} keepalived with TTL\(\d+\)\n){2}/);
      command.signal("SIGINT");
      expect(await command.ended).toBe(130);
      expect(await client.lease.timeToLive(id)).toMatchObject({ id });
    });

    it("bytes go in and come out as they are", async () => {
      const value = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      const put = start("sh", [
        "-c",
        `printf '%b' '${octal(value)}' | "$0" "$1" "$2" put bytes`,
        process.execPath,
        KVORUMCTL,
        `--endpoints=${node.endpoint}`,
      ]);
      expect(await put.ended).toBe(0);
      const { stdout } = await run("get", "bytes", "-w", "json");
      expect(stdout).toContain(`"value":"${value.toString("base64")}"`);
    });

    it("a reader that goes away is no error", async () => {
      for (let index = 0; index < 50; index += 1) await client.put(`many/${index}`, "v".repeat(4_096));
      const pipe = start("bash", [
        "-c",
        '"$0" "$1" "$2" get many --prefix | head -n 1; echo $PIPESTATUS',
        process.execPath,
        KVORUMCTL,
        `--endpoints=${node.endpoint}`,
      ]);
      await pipe.ended;
      expect(pipe.stdout()).toBe("many/0\n0\n");
      expect(pipe.stderr()).toBe("");
    });

    it("check perf passes at its smallest load for two seconds and leaves nothing behind", async () => {
      const { stdout } = await run("check", "perf", "--duration", "2s");
      expect(stdout).toMatch(
        /(PASS|FAIL): Throughput (is|too low:) \d+ writes\/s\n.*\d+\.\d{6}s\n.*\d+\.\d{6}s\n(PASS|FAIL)\n$/,
      );
      expect(await client.count(prefix("/"))).toBe(0n);
    });

    async function untilKeys(start: string, count: number): Promise<void> {
      while ((await client.count(prefix(start))) < BigInt(count))
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
}

describe("kvorumctl as a process, without a server", () => {
  it("an endpoint that cannot be reached is named in one line, with the reason", async () => {
    const command = startKvorumctl("127.0.0.1:1", ["get", "a", "--command-timeout", "1s"], { input: "" });
    expect(await command.ended).toBe(1);
    expect(command.stdout()).toBe("");
    expect(command.stderr()).toBe("Error: cannot reach http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1\n");
  });

  it("the help is coloured on a terminal and plain elsewhere", async () => {
    const plain = startKvorumctl("127.0.0.1:1", ["--help"], { input: "" });
    expect(await plain.ended).toBe(0);
    expect(plain.stdout()).toMatch(/^Usage: kvorumctl <command> \[flags\]\n/);
    expect(plain.stdout()).not.toContain("\u001b");
    const onTerminal = (environment: Readonly<Record<string, string>>): ReturnType<typeof start> =>
      start("script", ["-qec", `'${process.execPath}' '${KVORUMCTL}' --help`, "/dev/null"], { input: "", environment });
    const coloured = onTerminal({ TERM: "xterm", NO_COLOR: "" });
    await coloured.ended;
    expect(coloured.stdout()).toContain("\u001b[1mUsage:\u001b[22m");
    const without = onTerminal({ TERM: "xterm", NO_COLOR: "1" });
    await without.ended;
    expect(without.stdout()).toContain("Usage:");
    expect(without.stdout()).not.toContain("\u001b[1m");
  });
});

function octal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\0${byte.toString(8).padStart(3, "0")}`).join("");
}
