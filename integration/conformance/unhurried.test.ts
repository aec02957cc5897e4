/** What goes over the wire before a change of members, by a channel that only takes notes. */
import { Cluster, Maintenance } from "@kvorum/proto";
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import type { Caller } from "./evidence.js";
import { unhurried } from "./unhurried.js";

/** `refused` is the method that fails. */
function notes(refused?: string): { readonly sent: string[]; readonly caller: Caller } {
  const sent: string[] = [];
  const unary = async (
    method: { readonly name: string },
    _request: unknown,
    options?: { readonly metadata?: unknown },
  ) => {
    sent.push(`${method.name} ${JSON.stringify(options?.metadata ?? {})}`);
    if (method.name === refused) throw new RpcError(StatusCode.UNAVAILABLE, "no leader");
    return {};
  };
  return { sent, caller: unhurried({ unary, stream: () => [] } as unknown as Caller) };
}

describe("a server that is asked to change its members", () => {
  it("is read from before, by the same user, and only then", async () => {
    const { sent, caller } = notes();
    await caller.unary(Maintenance.method.status, {});
    await caller.unary(Cluster.method.memberRemove, { ID: 1n }, { metadata: { token: "t" } });
    expect(sent).toEqual(["Status {}", 'Range {"token":"t"}', 'MemberRemove {"token":"t"}']);
  });

  it("is asked all the same when it cannot be read from", async () => {
    const { sent, caller } = notes("Range");
    await caller.unary(Cluster.method.memberPromote, { ID: 1n });
    expect(sent).toEqual(["Range {}", "MemberPromote {}"]);
  });

  it("gives its own error", async () => {
    const { caller } = notes("MemberAdd");
    await expect(caller.unary(Cluster.method.memberAdd, {})).rejects.toThrow("no leader");
  });
});
