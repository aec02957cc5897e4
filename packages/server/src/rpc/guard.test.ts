/** The guard that stands around every service: around handlers that always answer, or that find users changed. */
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Cluster, Health, KV, Lease, Maintenance, Watch } from "@kvorum/proto";
import { type CallContext, methodPath } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import type { Identity } from "../core/auth/types.js";
import { ServerError } from "../core/errors.js";
import type { NodeApi } from "../node/api.js";
import type { AuthPorts } from "./auth-ports.js";
import { guard } from "./guard.js";

const SELF = 9n;

function nodeWith(learners: readonly bigint[], lead = 1n): NodeApi {
  const raftStatus = { id: SELF, lead, confState: { learners } };
  return { raftStatus, isLearner: learners.includes(SELF), auth: { enabled: false } } as unknown as NodeApi;
}

function contextWith(metadata: Readonly<Record<string, string>> = {}): CallContext {
  const { signal } = new AbortController();
  return { metadata: { get: (key: string) => metadata[key] }, signal } as unknown as CallContext;
}

/** The outcome of one call of the method, whose own handler would answer anything. */
async function call(node: NodeApi, method: DescMethod, request: object, context = contextWith()): Promise<string> {
  const { parent: service, localName } = method;
  const answer = method.methodKind === "unary" ? () => ({}) : async function* () {};
  const guarded = guard(service as DescService, { [localName]: answer } as never, { node });
  const handler = (guarded as unknown as Record<string, (request: object, context: CallContext) => unknown>)[localName];
  try {
    const answered = await handler?.(request, context);
    if (method.methodKind !== "unary") for await (const _ of answered as AsyncIterable<unknown>);
    return "answered";
  } catch (error) {
    return (error as Error).message;
  }
}

const METHODS = [KV, Watch, Lease, Cluster, Maintenance, Health].flatMap(({ methods }) => methods);

describe("a learner", () => {
  it("answers its status, a snapshot of its data and ranges that may be stale, and nothing else", async () => {
    const answered: string[] = [];
    for (const method of METHODS) {
      for (const request of [{}, { serializable: true }]) {
        const outcome = await call(nodeWith([SELF]), method, request);
        if (outcome === "answered") answered.push(`${methodPath(method)} ${JSON.stringify(request)}`);
        else expect(outcome).toBe("etcdserver: rpc not supported for learner");
      }
    }
    expect(answered).toEqual([
      '/etcdserverpb.KV/Range {"serializable":true}',
      "/etcdserverpb.Maintenance/Status {}",
      '/etcdserverpb.Maintenance/Status {"serializable":true}',
      "/etcdserverpb.Maintenance/Snapshot {}",
      '/etcdserverpb.Maintenance/Snapshot {"serializable":true}',
    ]);
  });

  it("says that it is one also while it knows no leader, as etcd does", async () => {
    const outcome = await call(nodeWith([SELF], 0n), KV.method.put, {}, contextWith({ hasleader: "true" }));
    expect(outcome).toBe("etcdserver: rpc not supported for learner");
  });

  it("answers everything once it votes", async () => {
    for (const method of METHODS) expect(await call(nodeWith([]), method, {})).toBe("answered");
  });
});

describe("a member that knows no leader", () => {
  it("refuses at once whoever insists on one, and nobody else", async () => {
    const node = nodeWith([], 0n);
    for (const method of METHODS) {
      expect(await call(node, method, {}, contextWith({ hasleader: "true" }))).toBe("etcdserver: no leader");
      expect(await call(node, method, {})).toBe("answered");
    }
  });
});

describe("a call during which users change", () => {
  /** Puts at the revisions that the call has in turn; the handler serves only the newest one. Answers what it was asked. */
  async function put(revisions: readonly bigint[], current: bigint): Promise<readonly [string, number]> {
    const authorize = async (): Promise<void> => {};
    const node = {
      raftStatus: { id: SELF, lead: 1n, confState: { learners: [] } },
      auth: { enabled: true },
      authorize,
    };
    let looks = 0;
    const of = (): Identity => ({ user: "ann", authRevision: revisions[looks - 1] ?? 0n });
    const find = (): void => void looks++;
    const again = async (): Promise<Identity> => {
      find();
      return of();
    };
    let calls = 0;
    const handler = async (): Promise<object> => {
      calls++;
      if (of().authRevision < current) throw new ServerError("authOldRevision");
      return {};
    };
    const auth = { identities: { find, of, again } } as unknown as AuthPorts;
    const guarded = guard(KV, { put: handler } as never, { node: node as unknown as NodeApi, auth });
    const served = guarded as unknown as { put(request: object, context: CallContext): Promise<unknown> };
    const outcome = await served.put({}, contextWith()).then(
      () => "answered",
      (error: ServerError) => error.reason,
    );
    return [outcome, calls];
  }

  it("is served when what it shows is still worth something", async () => {
    expect(await put([1n, 2n], 1n)).toEqual(["answered", 1]);
    expect(await put([1n, 2n], 2n)).toEqual(["answered", 2]);
  });

  it("is refused when what it shows was made at an old revision, and when users change again", async () => {
    expect(await put([1n, 1n], 2n)).toEqual(["authOldRevision", 1]);
    expect(await put([1n, 2n, 3n], 3n)).toEqual(["authOldRevision", 2]);
  });
});
