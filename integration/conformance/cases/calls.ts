/** What stands around a request: metadata, methods that do not exist, and bytes that are no message. */
import type { DescMessage } from "@bufbuild/protobuf";
import { Cluster, Election, Health, KV, Lease, Lock, Maintenance, Watch } from "@kvorum/proto";
import type { MetadataInit, UnaryMethod } from "@kvorum/transport";
import { type Case, cases } from "../case.js";
import type { Probe } from "../probe.js";

const rangeWith = (p: Probe, label: string, metadata: MetadataInit) =>
  p.call(label, KV.method.range, { key: p.key("a") }, metadata);

/** The same method under another name. */
function renamed<M extends { readonly name: string }>(method: M, name: string): M {
  return { ...method, name };
}

/** A method's path with another message in its body: the server can not read it, or reads something else. */
function withBody<I extends DescMessage, O extends DescMessage>(
  method: UnaryMethod<DescMessage, O>,
  input: I,
): UnaryMethod<I, O> {
  return { ...method, input } as unknown as UnaryMethod<I, O>;
}

export const callCases: Case[] = cases("calls", {
  "with hasleader, where there is one": async (p) => {
    await rangeWith(p, "true", { hasleader: "true" });
    await rangeWith(p, "false", { hasleader: "false" });
    await rangeWith(p, "nonsense", { hasleader: "maybe" });
    await p.call("put", KV.method.put, { key: p.key("a") }, { hasleader: "true" });
    await p.call("promote", Cluster.method.memberPromote, { ID: 1n }, { hasleader: "true" });
  },
  "a watch with hasleader": async (p) => {
    const create = { requestUnion: { case: "createRequest" as const, value: { key: p.key("a") } } };
    await p.first("watch", Watch.method.watch, create, { hasleader: "true" });
  },
  "with the version of a client": async (p) => {
    for (const version of ["3.4", "3.6", "4.0", "", "latest"]) {
      await rangeWith(p, `version ${version}`, { "client-api-version": version });
    }
  },
  "with metadata that nobody knows": async (p) => {
    await rangeWith(p, "text", { "x-custom": "1", other: ["a", "b"] });
    await rangeWith(p, "bytes", { "trace-bin": Uint8Array.of(0, 255) });
  },
  "a token in the other header while authentication is off": async (p) => {
    await rangeWith(p, "cookie", { cookie: "token=x" });
  },
  "a method that does not exist": async (p) => {
    await p.call("nothing", renamed(KV.method.range, "Nothing"), { key: p.key("a") });
    await p.call("other case", renamed(KV.method.range, "range"), { key: p.key("a") });
    await p.first("stream", renamed(Watch.method.watch, "Nothing"), {});
  },
  "a service that does not exist": async (p) => {
    const parent = { ...KV, typeName: "etcdserverpb.Nothing" } as unknown as typeof KV;
    await p.call("nothing", { ...KV.method.range, parent } as typeof KV.method.range, { key: p.key("a") });
  },
  "a message with fields that nobody knows": async (p) => {
    // Members' fields 1 to 5 of two kinds: what is not known of them is passed over.
    await p.call("grant", withBody(Lease.method.leaseTimeToLive, KV.method.compact.input), {
      revision: 77n,
      physical: true,
    });
  },
  "a message that is none": async (p) => {
    const request = { ID: 1n, TTL: 2n };
    await p.call("range", withBody(KV.method.range, Lease.method.leaseGrant.input), request);
  },
  "an empty request of each service": async (p) => {
    await p.call("range", KV.method.range, {});
    await p.call("put", KV.method.put, {});
    await p.call("delete", KV.method.deleteRange, {});
    await p.call("txn", KV.method.txn, {});
    await p.call("revoke", Lease.method.leaseRevoke, {});
    await p.call("unlock", Lock.method.unlock, {});
    await p.call("promote", Cluster.method.memberPromote, {});
    await p.call("remove", Cluster.method.memberRemove, {});
    await p.call("move", Maintenance.method.moveLeader, {});
  },
  "an unlock without a key, and elections without a leader": async (p) => {
    await p.call("resign", Election.method.resign, {});
    await p.call("proclaim", Election.method.proclaim, {});
    await p.call("resign of nothing", Election.method.resign, { leader: {} });
    await p.call("proclaim of nothing", Election.method.proclaim, { leader: {} });
  },
  "a health check's stream": async (p) => {
    await p.first("watch", Health.method.watch, {});
    await p.first("of a service that is none", Health.method.watch, { service: "nothing.like.this" });
  },
});
