/** A snapshot of a node that asks for logins, restored: the users, their roles and the asking come back with the keys. */
import { join } from "node:path";
import { startNode } from "@kvorum/server";
import { expect, it } from "vitest";
import { temporaryDirectory } from "../support/process.js";
import { kvorumctl } from "./in-process.js";

const ROOT = ["--user", "root:of all"];
const ANN = ["--user", "ann:of her own"];

it("users and roles survive a snapshot and its restore, and are asked for as before", async () => {
  const directory = await temporaryDirectory("users");
  const file = join(directory.path, "saved.db");
  const dataDir = join(directory.path, "restored");
  const restored = { dataDir, clusterToken: "again" } as const;
  try {
    const node = await startNode();
    const flags = ["--endpoints", node.endpoints.join()];
    for (const line of [
      ["put", "mine/1", "a"],
      ["put", "yours/1", "b"],
      ["user", "add", "root:of all"],
      ["user", "add", "ann:of her own"],
      ["role", "add", "reader"],
      ["role", "grant-permission", "reader", "read", "mine/", "--prefix"],
      ["user", "grant-role", "ann", "reader"],
      ["auth", "enable"],
      [...ROOT, "snapshot", "save", file],
    ]) {
      expect(await kvorumctl([...flags, ...line])).toMatchObject({ code: 0, stderr: "" });
    }
    const refused = await kvorumctl([...flags, ...ANN, "snapshot", "save", `${file}2`]);
    expect(refused).toMatchObject({ code: 1, stderr: "Error: etcdserver: permission denied\n" });
    await node.close();

    const again = ["--data-dir", dataDir, "--initial-cluster-token", restored.clusterToken];
    expect(await kvorumctl(["snapshot", "restore", file, ...again])).toMatchObject({ code: 0, stdout: "" });

    await using other = await startNode(restored);
    const call = (...args: readonly string[]): ReturnType<typeof kvorumctl> =>
      kvorumctl(["--endpoints", other.endpoints.join(), ...args]);
    expect(await call("get", "mine/1")).toMatchObject({ code: 1, stderr: "Error: etcdserver: user name is empty\n" });
    expect(await call(...ANN, "get", "mine/1")).toEqual({ code: 0, stdout: "mine/1\na\n", stderr: "" });
    const denied = { code: 1, stdout: "", stderr: "Error: etcdserver: permission denied\n" };
    expect(await call(...ANN, "get", "yours/1")).toEqual(denied);
    expect(await call(...ANN, "put", "mine/1", "c")).toEqual(denied);
    expect(await call("--user", "ann:guessed", "get", "mine/1")).toMatchObject({ code: 2 });
    expect(await call(...ROOT, "user", "list")).toMatchObject({ code: 0, stdout: "ann\nroot\n" });
    expect(await call(...ROOT, "get", "", "--prefix", "--keys-only")).toMatchObject({
      stdout: "mine/1\n\nyours/1\n\n",
    });
    // What is asked of users goes on from where it was: another one is added and another password set.
    expect(await call(...ROOT, "user", "add", "bob:his")).toMatchObject({ code: 0 });
    const changed = await kvorumctl(
      ["--endpoints", other.endpoints.join(), ...ROOT, "user", "passwd", "ann", "--interactive=false"],
      {
        input: "another\n",
      },
    );
    expect(changed).toMatchObject({ code: 0 });
    expect(await call(...ANN, "get", "mine/1")).toMatchObject({ code: 2 });
    expect(await call("--user", "ann:another", "get", "mine/1")).toMatchObject({ code: 0 });
  } finally {
    await directory.remove();
  }
}, 60_000);
