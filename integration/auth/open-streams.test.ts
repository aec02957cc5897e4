/** Streams that were opened before users counted, or before their user lost what it had: every new question is asked anew. */
import { Auth, Lease, Permission_Type, Watch } from "@kvorum/proto";
import { startNode } from "@kvorum/server";
import type { Channel } from "@kvorum/transport";
import { afterEach, describe, expect, it } from "vitest";
import { bytes } from "./actor.js";
import { addUsers, as, type Caller, Channels, type Person, ROOT, textOf } from "./support.js";

const ALICE: Person = { name: "alice", password: "the password of alice", folders: ["a"] };
const EMPTY = "etcdserver: user name is empty";
const DENIED = "etcdserver: permission denied";
const INVALID = "etcdserver: invalid auth token";

const channels = new Channels();
const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  await channels.close();
  for (const close of cleanUp.splice(0).reverse()) await close();
});

async function start(): Promise<Channel> {
  const node = await startNode({ auth: { bcryptCost: 4 } });
  cleanUp.push(() => node.close());
  return channels.to(node.endpoints[0]);
}

/** Requests that the test sends one by one. */
class Requests<T> implements AsyncIterable<T> {
  readonly #waiting: T[] = [];
  #wake = (): void => {};

  send(request: T): void {
    this.#waiting.push(request);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const request = this.#waiting.shift();
      if (request !== undefined) yield request;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

/** An open watch stream: asks for a key, and tells `created` or why not. */
function watching(caller: Caller): (key: string) => Promise<string> {
  const requests = new Requests<{ requestUnion: { case: "createRequest"; value: { key: Uint8Array } } }>();
  const abort = new AbortController();
  cleanUp.push(async () => abort.abort());
  const answers = caller.stream(Watch.method.watch, requests, { signal: abort.signal })[Symbol.asyncIterator]();
  return async (key) => {
    requests.send({ requestUnion: { case: "createRequest", value: { key: bytes(key) } } });
    const { value } = await answers.next();
    return value?.canceled === true ? value.cancelReason : "created";
  };
}

/** An open stream of renewals: renews the lease, and tells `renewed` or how the stream ended. */
function renewing(caller: Caller, ID: bigint): () => Promise<string> {
  const requests = new Requests<{ ID: bigint }>();
  const abort = new AbortController();
  cleanUp.push(async () => abort.abort());
  const answers = caller
    .stream(Lease.method.leaseKeepAlive, requests, { signal: abort.signal })
    [Symbol.asyncIterator]();
  return async () => {
    requests.send({ ID });
    const outcome = await textOf(answers.next());
    return outcome === "answered" ? "renewed" : outcome;
  };
}

describe("a stream that is older than the users", () => {
  it("begins no watch and renews no lease for nobody, once they count", async () => {
    const channel = await start();
    const { ID } = await channel.unary(Lease.method.leaseGrant, { TTL: 60n });
    const [watch, renew] = [watching(channel), renewing(channel, ID)];
    expect([await watch("a/1"), await renew()]).toEqual(["created", "renewed"]);
    await addUsers(channel, [ALICE]);
    expect(await watch("a/1")).toBe(`rpc error: code = InvalidArgument desc = ${EMPTY}`);
    expect(await renew()).toBe(EMPTY);
  });
});

describe("a stream whose user", () => {
  it("has lost a permission begins no watch that needs it", async () => {
    const channel = await start();
    await addUsers(channel, [ALICE]);
    const [root, watch] = [await as(channel, ROOT), watching(await as(channel, ALICE))];
    expect([await watch("a/1"), await watch("b/1")]).toEqual([
      "created",
      `rpc error: code = PermissionDenied desc = ${DENIED}`,
    ]);
    const range = { key: bytes("a/"), rangeEnd: bytes("a0") };
    await root.unary(Auth.method.roleRevokePermission, { role: "alice", ...range });
    expect(await watch("a/1")).toBe(`rpc error: code = PermissionDenied desc = ${DENIED}`);
    await root.unary(Auth.method.roleGrantPermission, {
      name: "alice",
      perm: { permType: Permission_Type.READ, ...range },
    });
    expect(await watch("a/1")).toBe("created");
  });

  it("has another password does neither, for the token of the old one is void", async () => {
    const channel = await start();
    await addUsers(channel, [ALICE]);
    const [root, alice] = [await as(channel, ROOT), await as(channel, ALICE)];
    const { ID } = await alice.unary(Lease.method.leaseGrant, { TTL: 60n });
    const [watch, renew] = [watching(alice), renewing(alice, ID)];
    expect([await watch("a/1"), await renew()]).toEqual(["created", "renewed"]);
    await root.unary(Auth.method.userChangePassword, { name: "alice", password: "another" });
    expect(await watch("a/1")).toBe(`rpc error: code = Unauthenticated desc = ${INVALID}`);
    expect(await renew()).toBe(INVALID);
  });
});
