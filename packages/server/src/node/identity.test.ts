/** The ids of a new cluster are those that etcd computes; the figures were read from a real etcd 3.4.23. */
import { describe, expect, it } from "vitest";
import { bootstrapClusterId, bootstrapMemberId } from "./identity.js";

describe("bootstrap ids", () => {
  it("hash the peer URL with the token", () => {
    const memberId = bootstrapMemberId(["http://127.0.0.1:32380"], "tok");
    expect(memberId).toBe(14590032085621120027n);
    expect(bootstrapClusterId([memberId])).toBe(14765410957201216590n);
  });

  it("do not depend on the order of the peer URLs", () => {
    const memberId = bootstrapMemberId(["http://127.0.0.1:32381", "http://127.0.0.1:32380"], "etcd-cluster");
    expect(memberId).toBe(4429278160370103449n);
    expect(bootstrapClusterId([memberId])).toBe(12804787774562637605n);
  });

  it("do not depend on the order of the members", () => {
    expect(bootstrapClusterId([5n, 3n])).toBe(bootstrapClusterId([3n, 5n]));
  });
});
