/** Waits of the Lock and Election services on a node: what ends them, and what they leave behind. */
import { Election, KV, Lease, Lock } from "@kvorum/proto";
import { StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { bytes, failure, useNode } from "../../testing/rpc-harness.js";

const node = useNode();

async function grant(id: bigint): Promise<bigint> {
  await node().channel.unary(Lease.method.leaseGrant, { ID: id, TTL: 600n });
  return id;
}

async function exists(key: string): Promise<boolean> {
  return (await node().channel.unary(KV.method.range, { key: bytes(key), countOnly: true })).count > 0n;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 2000 && !(await condition()); attempt++);
  expect(await condition()).toBe(true);
}

function lock(name: string, lease: bigint, signal?: AbortSignal) {
  const answer = node().channel.unary(Lock.method.lock, { name: bytes(name), lease }, { ...(signal && { signal }) });
  answer.catch(() => {});
  return answer;
}

const unlock = (key: string) => node().channel.unary(Lock.method.unlock, { key: bytes(key) });

describe("a lock", () => {
  it("is refused to a waiter whose key has vanished, by the text that clients know", async () => {
    await Promise.all([grant(0xa1n), grant(0xa2n)]);
    await lock("vanish", 0xa1n);
    const second = lock("vanish", 0xa2n);
    await until(() => exists("vanish/a2"));
    await unlock("vanish/a2");
    await unlock("vanish/a1");
    expect(await failure(second)).toEqual({ code: StatusCode.UNKNOWN, details: "mutex: session is expired" });
    expect(await exists("vanish/a2")).toBe(false);
  });

  it("is not waited for any more by who has left", async () => {
    await Promise.all([grant(0xb1n), grant(0xb2n)]);
    await lock("left", 0xb1n);
    const abort = new AbortController();
    const second = lock("left", 0xb2n, abort.signal);
    await until(() => exists("left/b2"));
    abort.abort();
    await expect(second).rejects.toThrow();
    await until(async () => !(await exists("left/b2")));
    expect(await exists("left/b1")).toBe(true);
  });
});

describe("an election", () => {
  it("is not stood for any more by who has left", async () => {
    await Promise.all([grant(0xc1n), grant(0xc2n)]);
    const name = bytes("office");
    await node().channel.unary(Election.method.campaign, { name, lease: 0xc1n, value: bytes("a") });
    const abort = new AbortController();
    const request = { name, lease: 0xc2n, value: bytes("b") };
    const second = node().channel.unary(Election.method.campaign, request, { signal: abort.signal });
    second.catch(() => {});
    await until(() => exists("office/c2"));
    abort.abort();
    await expect(second).rejects.toThrow();
    await until(async () => !(await exists("office/c2")));
    const { kv } = await node().channel.unary(Election.method.leader, { name });
    expect(kv?.value).toEqual(bytes("a"));
  });

  it("without candidates has no leader, and a candidate without a key no say", async () => {
    const { channel } = node();
    expect(await failure(channel.unary(Election.method.leader, { name: bytes("empty") }))).toEqual({
      code: StatusCode.UNKNOWN,
      details: "election: no leader",
    });
    expect(await failure(channel.unary(Election.method.resign, {}))).toEqual({
      code: StatusCode.UNKNOWN,
      details: '"leader" field must be provided',
    });
  });
});
