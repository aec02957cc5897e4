/** The retry table, cell by cell where a wrong cell would lose or repeat a write. */
import { RpcError, type RpcErrorOptions, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { classify, decide, type Operation } from "./retry.js";

const failure = (code: keyof typeof StatusCode, details: string, options?: RpcErrorOptions): RpcError =>
  new RpcError(StatusCode[code], details, options);

const act = (error: RpcError, operation: Operation): string => decide(classify(error).kind, operation);

describe("a write", () => {
  const unknown: [string, RpcError][] = [
    ["the server timed out waiting for raft", failure("UNAVAILABLE", "etcdserver: request timed out")],
    [
      "the server timed out and blames a lost connection",
      failure("UNAVAILABLE", "etcdserver: request timed out, possibly due to connection lost"),
    ],
    ["the server stopped", failure("UNAVAILABLE", "etcdserver: server stopped")],
    ["the connection was lost after sending", failure("UNAVAILABLE", "Connection dropped")],
    ["the stream was reset", failure("INTERNAL", "Received RST_STREAM with code 2")],
    ["the server canceled", failure("CANCELLED", "context canceled")],
    ["the time was up", failure("DEADLINE_EXCEEDED", "Deadline exceeded")],
    [
      "the quota was exceeded while applying",
      failure("RESOURCE_EXHAUSTED", "etcdserver: mvcc: database space exceeded"),
    ],
    ["the answer was too large", failure("RESOURCE_EXHAUSTED", "Received message larger than max (9 vs 8)")],
    ["the status is of nobody we know", failure("UNKNOWN", "something")],
  ];
  it.each(unknown)("is not sent again and may have happened when %s", (_, error) => {
    expect(classify(error).outcome).toBe("unknown");
    expect(act(error, "write")).toBe("surface");
  });

  const safe: [string, RpcError, string][] = [
    ["nothing was sent", failure("UNAVAILABLE", "connect ECONNREFUSED", { maybeSent: false }), "elsewhere"],
    ["there was no leader to propose to", failure("UNAVAILABLE", "etcdserver: no leader"), "elsewhere"],
    ["the proposal was dropped", failure("UNKNOWN", "raft proposal dropped"), "elsewhere"],
    ["the server was overloaded, by its real code", failure("UNKNOWN", "etcdserver: too many requests"), "retry"],
    [
      "the member is a learner",
      failure("FAILED_PRECONDITION", "etcdserver: rpc not supported for learner"),
      "elsewhere",
    ],
    ["the token was refused", failure("UNAUTHENTICATED", "etcdserver: invalid auth token"), "refresh"],
    ["the token was refused by a wrapped text", failure("UNKNOWN", "etcdserver: invalid auth token"), "refresh"],
    ["auth changed meanwhile", failure("INVALID_ARGUMENT", "etcdserver: revision of auth store is old"), "refresh"],
  ];
  it.each(safe)("is sent again when %s", (_, error, action) => {
    expect(classify(error).outcome).toBe("not-applied");
    expect(act(error, "write")).toBe(action);
  });

  const refused: [string, RpcError][] = [
    ["compacted", failure("OUT_OF_RANGE", "etcdserver: mvcc: required revision has been compacted")],
    ["an unknown lease", failure("NOT_FOUND", "etcdserver: requested lease not found")],
    ["no permission", failure("PERMISSION_DENIED", "etcdserver: permission denied")],
    [
      "a request over the server's limit",
      failure("RESOURCE_EXHAUSTED", "grpc: received message larger than max (9 vs. 8)"),
    ],
    ["a request over our own limit", failure("RESOURCE_EXHAUSTED", "too large", { maybeSent: false })],
    ["a method the server does not have", failure("UNIMPLEMENTED", "unknown method")],
  ];
  it.each(refused)("is refused for good and not applied: %s", (_, error) => {
    expect(classify(error).outcome).toBe("not-applied");
    expect(act(error, "write")).toBe("surface");
  });
});

describe("the other operations", () => {
  const interrupted = failure("UNAVAILABLE", "etcdserver: request timed out");

  it("are sent again after an unknown outcome exactly where repeating is harmless", () => {
    const actions = (["read", "watch", "keepalive", "grant", "revoke", "write", "admin"] as const).map(
      (operation) => [operation, act(interrupted, operation)] as const,
    );
    expect(Object.fromEntries(actions)).toEqual({
      read: "elsewhere",
      watch: "elsewhere",
      keepalive: "elsewhere",
      grant: "elsewhere",
      revoke: "elsewhere",
      write: "surface",
      admin: "surface",
    });
  });

  it("surface a missing leader only to an administrator", () => {
    const noLeader = failure("UNAVAILABLE", "etcdserver: no leader");
    expect(act(noLeader, "read")).toBe("elsewhere");
    expect(act(noLeader, "admin")).toBe("surface");
  });
});

describe("the text", () => {
  it("is recognised inside the words that a watch puts around it", () => {
    const wrapped = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
    expect(classify(failure("UNKNOWN", wrapped)).reason).toBe("permission-denied");
  });

  it("decides before the code does", () => {
    expect(classify(failure("UNKNOWN", "etcdserver: requested lease not found")).reason).toBe("lease-not-found");
  });
});
