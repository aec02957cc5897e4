/** The `kvorum` command as a process of its own: its life and its ends. What it can be told: `main-settings.test.ts`. */
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { KV } from "@kvorum/proto";
import { niceChannel } from "@kvorum/transport";
import { afterEach, describe, expect, it } from "vitest";
import { endProcesses, LISTEN, MAIN, run, serve, temporaryDirectory } from "../testing/kvorum-process.js";
import { bytes, text } from "../testing/rpc-harness.js";

const INDEX = new URL("../dist/index.js", import.meta.url).href;

afterEach(endProcesses);

describe("the kvorum command", () => {
  it("serves until SIGTERM, leaves with 0, and finds its data again", async () => {
    const dataDir = await temporaryDirectory();
    const first = await serve(dataDir, ["--name", "n1"]);
    const channel = niceChannel(first.endpoint);
    await channel.unary(KV.method.put, { key: bytes("k"), value: bytes("v") });
    await channel.close();
    expect(((await stat(dataDir)).mode & 0o777).toString(8)).toBe("700");
    first.child.kill("SIGTERM");
    expect(await first.exited).toBe(0);
    expect(first.output()).toContain('"msg":"stopped"');
    for (const line of first.output().trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("level");

    const second = await serve(dataDir, ["-name=n1"]);
    const again = niceChannel(second.endpoint);
    const { kvs } = await again.unary(KV.method.range, { key: bytes("k") });
    await again.close();
    expect(kvs.map((kv) => text(kv.value))).toEqual(["v"]);
  }, 20_000);

  it("leaves with 1 and one line when the address or the directory is taken", async () => {
    const dataDir = await temporaryDirectory();
    const running = await serve(dataDir);
    const [port, locked] = [
      run([
        MAIN,
        "--data-dir",
        await temporaryDirectory(),
        "--listen-client-urls",
        running.endpoint,
        ...LISTEN.slice(2),
      ]),
      run([MAIN, "--data-dir", dataDir, ...LISTEN, "--log-level", "error"]),
    ];
    expect(await port.exited).toBe(1);
    expect(port.output().trim().split("\n").at(-1)).toMatch(
      /^kvorum: cannot listen on 127\.0\.0\.1:\d+: the address is in use/,
    );
    expect(await locked.exited).toBe(1);
    expect(locked.output()).toMatch(/^kvorum: .*\n$/);
    expect(locked.output()).toContain(dataDir);
    running.child.kill("SIGINT");
    expect(await running.exited).toBe(0);
  }, 20_000);

  it.each([
    ["lean", []],
    ["nice", ["rpc", "rpc-peers-1"]],
  ])(
    "starts again after it was killed, and leaves nothing outside its data directory (%s)",
    async (engine, sockets) => {
      const dataDir = await temporaryDirectory();
      const first = await serve(dataDir, [], { KVORUM_ENGINE: engine });
      const channel = niceChannel(first.endpoint);
      await channel.unary(KV.method.put, { key: bytes("k"), value: bytes("kept") });
      await channel.close();
      first.child.kill("SIGKILL");
      expect(await first.exited).toBe("SIGKILL");
      const left = (await readdir(join(dataDir, "member"))).filter((name) => name.startsWith("rpc"));
      expect(left.sort()).toEqual(sockets);
      for (const folder of left) expect(await readdir(join(dataDir, "member", folder)), folder).toEqual(["rpc"]);
      const second = await serve(dataDir, [], { KVORUM_ENGINE: engine });
      const again = niceChannel(second.endpoint);
      const { kvs } = await again.unary(KV.method.range, { key: bytes("k") });
      await again.close();
      expect(kvs.map((kv) => text(kv.value))).toEqual(["kept"]);
    },
    20_000,
  );

  it("refuses damaged data with file and offset instead of serving it", async () => {
    const dataDir = await temporaryDirectory();
    const running = await serve(dataDir);
    const channel = niceChannel(running.endpoint);
    for (let i = 0; i < 20; i++)
      await channel.unary(KV.method.put, { key: bytes("k"), value: bytes(`damage me ${i}`) });
    await channel.close();
    running.child.kill("SIGTERM");
    await running.exited;
    const wal = join(dataDir, "member", "wal");
    const segment = (await readdir(wal)).find((name) => name.endsWith(".wal")) as string;
    const file = await open(join(wal, segment), "r+");
    const content = await file.readFile();
    await file.write(bytes("X"), 0, 1, content.indexOf("damage me 3"));
    await file.close();
    const refused = run([MAIN, "--data-dir", dataDir, ...LISTEN, "--log-level", "error"]);
    expect(await refused.exited).toBe(1);
    expect(refused.output()).toContain(segment);
    expect(refused.output()).toMatch(/^kvorum: .*\d+/);
  }, 20_000);

  it("dies at a failpoint as if killed, having said which, and has kept what it acknowledged", async () => {
    const dataDir = await temporaryDirectory();
    const env = { KVORUM_FAILPOINTS: "apply-before-answer=exit@40" };
    const dying = await serve(dataDir, [], env);
    expect(dying.output()).toContain("KVORUM_FAILPOINTS is set: this node fails on purpose");
    const channel = niceChannel(dying.endpoint);
    let acknowledged = 0;
    const writing = (async () => {
      for (; acknowledged < 100; acknowledged++) {
        await channel.unary(KV.method.put, { key: bytes(`k${acknowledged}`), value: bytes("v") });
      }
    })();
    await expect(writing).rejects.toThrow();
    expect(await dying.exited).toBe("SIGKILL");
    await channel.close();
    expect(dying.output()).toMatch(/"site":"apply-before-answer","hits":40,"msg":"a failpoint bites"\}\n$/);
    expect(acknowledged).toBeGreaterThan(20);
    expect(acknowledged).toBeLessThan(40);

    const again = await serve(dataDir, [], { KVORUM_FAILPOINTS: "" });
    const reader = niceChannel(again.endpoint);
    const range = { key: bytes("k"), rangeEnd: bytes("l") };
    const { kvs } = await reader.unary(KV.method.range, range);
    await reader.close();
    // The write that was in the air took effect: its entry was applied, only nobody was told.
    expect(kvs).toHaveLength(acknowledged + 1);
    expect(again.output()).not.toContain("KVORUM_FAILPOINTS");
  }, 20_000);

  it("refuses failpoints that do not exist, naming the part that is wrong", async () => {
    const refused = run([MAIN], { KVORUM_FAILPOINTS: "wal-after-sync=exit@1;raft-befor-save=exit" });
    expect([await refused.exited, refused.output()]).toEqual([
      2,
      'kvorum: KVORUM_FAILPOINTS: "raft-befor-save=exit" arms no failpoint: there is no failpoint raft-befor-save\n',
    ]);
  }, 20_000);

  it("answers mistakes with 2 and questions with 0, without starting anything", async () => {
    const [typo, rule, help, version] = [
      run([MAIN, "--nmae", "x"]),
      run([MAIN], { ETCD_HEARTBEAT_INTERVAL: "900" }),
      run([MAIN, "--help"]),
      run([MAIN, "--version"]),
    ];
    expect([await typo.exited, typo.output()]).toEqual([2, "kvorum: unknown option '--nmae' (Did you mean --name?)\n"]);
    expect([await rule.exited, rule.output()]).toEqual([
      2,
      "kvorum: --election-timeout is 1000 ms: give at least 5 times --heartbeat-interval (900 ms)\n",
    ]);
    expect(await help.exited).toBe(0);
    expect(help.output()).toContain("--data-dir <path>");
    expect(await version.exited).toBe(0);
    expect(version.output()).toMatch(/^etcd Version: 3\.6\.0\nKvorum Version: \d+\.\d+\.\d+\n/);
  }, 20_000);
});

describe("a program with an embedded node", () => {
  it("ends by itself once the node is closed", async () => {
    const program = `
      const { startNode } = await import(${JSON.stringify(INDEX)});
      for (const dataDir of [":memory:", ${JSON.stringify(await temporaryDirectory())}]) {
        const node = await startNode({ dataDir });
        await fetch(node.endpoints[0] + "/health").then((response) => response.text());
        await node.close();
      }
      console.log("closed");
      setTimeout(() => { console.log("still here: " + process.getActiveResourcesInfo()); process.exit(9); }, 3000).unref();`;
    const { exited, output } = run(["--input-type=module", "--eval", program]);
    expect([await exited, output()]).toEqual([0, "closed\n"]);
  }, 20_000);
});
