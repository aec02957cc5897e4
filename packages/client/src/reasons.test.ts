/** Every text that an etcd server puts into a status or a cancelled watch, with the code it comes with and what it means here. */
import { RpcError, StatusCode, type StatusName } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { type FailureKind, serverReason } from "./reasons.js";
import { classify } from "./retry.js";

/** Raised before anything is proposed, or when applying in place of an effect: asking again changes nothing. */
const REFUSED: readonly (readonly [StatusName, string])[] = [
  ["INVALID_ARGUMENT", "etcdserver: key is not provided"],
  ["INVALID_ARGUMENT", "etcdserver: key not found"],
  ["INVALID_ARGUMENT", "etcdserver: value is provided"],
  ["INVALID_ARGUMENT", "etcdserver: lease is provided"],
  ["INVALID_ARGUMENT", "etcdserver: too many operations in txn request"],
  ["INVALID_ARGUMENT", "etcdserver: duplicate key given in txn request"],
  ["INVALID_ARGUMENT", "etcdserver: invalid client api version"],
  ["INVALID_ARGUMENT", "etcdserver: invalid sort option"],
  ["OUT_OF_RANGE", "etcdserver: mvcc: required revision has been compacted"],
  ["OUT_OF_RANGE", "etcdserver: mvcc: required revision is a future revision"],
  ["NOT_FOUND", "etcdserver: requested lease not found"],
  ["FAILED_PRECONDITION", "etcdserver: lease already exists"],
  ["OUT_OF_RANGE", "etcdserver: too large lease TTL"],
  ["FAILED_PRECONDITION", "etcdserver: member ID already exist"],
  ["FAILED_PRECONDITION", "etcdserver: Peer URLs already exists"],
  ["FAILED_PRECONDITION", "etcdserver: re-configuration failed due to not enough started members"],
  ["INVALID_ARGUMENT", "etcdserver: given member URLs are invalid"],
  ["NOT_FOUND", "etcdserver: member not found"],
  ["FAILED_PRECONDITION", "etcdserver: can only promote a learner member"],
  ["FAILED_PRECONDITION", "etcdserver: can only promote a learner member which is in sync with leader"],
  ["FAILED_PRECONDITION", "etcdserver: too many learner members in cluster"],
  ["FAILED_PRECONDITION", "etcdserver: cluster ID mismatch"],
  ["INVALID_ARGUMENT", "etcdserver: request is too large"],
  ["FAILED_PRECONDITION", "etcdserver: root user does not exist"],
  ["FAILED_PRECONDITION", "etcdserver: root user does not have root role"],
  ["FAILED_PRECONDITION", "etcdserver: user name already exists"],
  ["FAILED_PRECONDITION", "etcdserver: user name not found"],
  ["FAILED_PRECONDITION", "etcdserver: role name already exists"],
  ["FAILED_PRECONDITION", "etcdserver: role name not found"],
  ["INVALID_ARGUMENT", "etcdserver: role name is empty"],
  ["INVALID_ARGUMENT", "etcdserver: authentication failed, invalid user ID or password"],
  ["UNKNOWN", "auth: authentication failed, password was given for no password user"],
  ["INVALID_ARGUMENT", "etcdserver: permission not given"],
  ["PERMISSION_DENIED", "etcdserver: permission denied"],
  ["FAILED_PRECONDITION", "etcdserver: role is not granted to the user"],
  ["FAILED_PRECONDITION", "etcdserver: permission is not granted to the role"],
  ["FAILED_PRECONDITION", "etcdserver: authentication is not enabled"],
  ["INVALID_ARGUMENT", "etcdserver: invalid auth management"],
  ["FAILED_PRECONDITION", "etcdserver: not leader"],
  ["FAILED_PRECONDITION", "etcdserver: not capable"],
  ["DATA_LOSS", "etcdserver: corrupt cluster"],
  ["FAILED_PRECONDITION", "etcdserver: bad leader transferee"],
  ["INVALID_ARGUMENT", "etcdserver: wrong downgrade target version format"],
  ["INVALID_ARGUMENT", "etcdserver: invalid downgrade target version"],
  ["FAILED_PRECONDITION", "etcdserver: cluster version not found during downgrade"],
  ["FAILED_PRECONDITION", "etcdserver: cluster has a downgrade job in progress"],
  ["FAILED_PRECONDITION", "etcdserver: no inflight downgrade job"],
  ["UNKNOWN", "etcdserver: unknown method"],
  ["UNKNOWN", '"leader" field must be provided'],
  ["UNKNOWN", "election: not leader"],
  ["UNKNOWN", "election: no leader"],
  ["UNKNOWN", "mutex: session is expired"],
  ["UNIMPLEMENTED", "RangeStream does not support custom sort orders"],
  ["UNIMPLEMENTED", "RangeStream does not support revision filters"],
  ["UNKNOWN", "mvcc: watcher range is empty"],
  ["UNKNOWN", "mvcc: duplicate watch ID provided on the WatchStream"],
];

/** Everything else, by what follows from it. */
const OTHERS: Partial<Readonly<Record<FailureKind, readonly (readonly [StatusName, string])[]>>> = {
  // Nobody to propose to, or nothing but a read that was waiting.
  "no-leader": [
    ["UNAVAILABLE", "etcdserver: no leader"],
    ["UNAVAILABLE", "etcdserver: leader changed"],
    ["UNAVAILABLE", "etcdserver: unhealthy cluster"],
    ["UNKNOWN", "raft proposal dropped"],
    ["UNKNOWN", "not a primary lessor"],
  ],
  // The proposal is on its way, and who waited for it gave up.
  interrupted: [
    ["CANCELLED", "etcdserver: watch canceled"],
    ["UNAVAILABLE", "etcdserver: server stopped"],
    ["UNAVAILABLE", "etcdserver: request timed out"],
    ["UNAVAILABLE", "etcdserver: request timed out, possibly due to previous leader failure"],
    ["UNAVAILABLE", "etcdserver: request timed out, possibly due to connection lost"],
    ["UNAVAILABLE", "etcdserver: request timed out, waiting for the applied index took too long"],
    ["UNKNOWN", "etcdserver: request timed out, leader transfer took too long"],
    ["CANCELLED", "etcdserver: request canceled"],
  ],
  deadline: [["DEADLINE_EXCEEDED", "etcdserver: context deadline exceeded"]],
  overload: [["RESOURCE_EXHAUSTED", "etcdserver: too many requests"]],
  "no-space": [["RESOURCE_EXHAUSTED", "etcdserver: mvcc: database space exceeded"]],
  token: [
    ["UNAUTHENTICATED", "etcdserver: invalid auth token"],
    ["INVALID_ARGUMENT", "etcdserver: user name is empty"],
  ],
  "auth-revision": [["INVALID_ARGUMENT", "etcdserver: revision of auth store is old"]],
  learner: [["FAILED_PRECONDITION", "etcdserver: rpc not supported for learner"]],
};

const FACTS = Object.entries({ ...OTHERS, refused: REFUSED }).flatMap(([kind, texts]) =>
  texts.map(([code, text]) => [text, code, kind as FailureKind] as const),
);

describe("the texts of etcd", () => {
  it.each(FACTS)("%s", (text, code, kind) => {
    const outcome = kind === "interrupted" || kind === "deadline" || kind === "no-space" ? "unknown" : "not-applied";
    // The lock and election services, and whatever etcd's table of statuses lacks, say UNKNOWN; the text decides.
    for (const name of new Set([code, "UNKNOWN"] as const)) {
      expect(classify(new RpcError(StatusCode[name], text))).toEqual({
        kind,
        reason: serverReason(text),
        code: name,
        outcome,
      });
    }
    expect(serverReason(text)).toBeDefined();
    expect(serverReason(`rpc error: code = Unknown desc = ${text}`)).toBe(serverReason(text));
  });

  it("have a reason each", () => {
    expect(new Set(FACTS.map(([text]) => serverReason(text))).size).toBe(FACTS.length);
  });

  it("are all that count: others are judged by the code", () => {
    expect(serverReason("etcdserver: something new")).toBeUndefined();
    expect(serverReason("grpc: received message larger than max (9 vs. 8)")).toBeUndefined();
  });
});
