/** The ids of a new cluster are those that etcd computes; the figures were read from a real etcd 3.4.23. */
import { describe, expect, it } from "vitest";
import { bootstrapClusterId, bootstrapMemberId, initialClusterOf } from "./identity.js";

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

  it("are those of a cluster of three, however it was told", () => {
    const urls = ["http://127.0.0.1:42380", "http://127.0.0.1:42381", "http://127.0.0.1:42382"];
    const told = urls.map((url, i) => ({ name: `n${i + 1}`, peerUrls: [url] }));
    const cluster = initialClusterOf(told, "tok");
    expect(cluster.clusterId).toBe(0xbbb1721279924102n);
    expect(cluster.members.map(({ id }) => id)).toEqual([
      0x30cf319feadb6b70n,
      0x8148f5f77ae18818n,
      0xe13eab2db031ab4fn,
    ]);
    expect(cluster.members[1]?.peerUrls).toEqual([urls[1]]);
    expect(initialClusterOf([...told].reverse(), "tok")).toEqual(cluster);
  });
});
