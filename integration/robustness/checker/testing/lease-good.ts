/** Lives of leases that are right, though some of them look odd. */
import type { LeaseStory } from "./lease-story.js";

export const goodLeases: Readonly<Record<string, (story: LeaseStory) => void>> = {
  "a life without anything": (story) => {
    story.grant(0);
    story.call("keep-alive", 5_000, { status: "gone" });
  },
  "keys that vanish at the end of the TTL": (story) => {
    story.grant(0);
    story.put(100, "a");
    story.put(200, "b");
    story.vanish(5_000, "a", "b");
    story.call("time-to-live", 5_100, { status: "gone" });
  },
  "a life that is renewed and told of, and revoked": (story) => {
    story.grant(0);
    story.put(100, "a");
    story.timeToLive(200, 4, ["a"]);
    story.keepAlive(3_000);
    story.timeToLive(3_100, 4);
    story.call("list", 3_200, { status: "found" });
    story.revoke(7_000);
    story.vanish(7_005, "a");
  },
  "a revocation of unknown outcome that has happened": (story) => {
    story.grant(0);
    story.put(100, "a");
    story.revoke(200, "unknown");
    story.vanish(900, "a");
  },
  "a revocation of unknown outcome that has not happened": (story) => {
    story.grant(0);
    story.put(100, "a");
    story.revoke(200, "unknown");
    story.keepAlive(1_000);
    story.vanish(6_000, "a");
  },
  "a renewal of unknown outcome that has happened": (story) => {
    story.grant(0);
    story.put(100, "a");
    story.call("keep-alive", 3_000, { status: "unknown" });
    story.vanish(8_900, "a");
  },
  "a renewal of unknown outcome that has not happened": (story) => {
    story.grant(0);
    story.put(100, "a");
    story.call("keep-alive", 3_000, { status: "unknown" });
    story.vanish(5_000, "a");
  },
  "a grant of unknown outcome that has happened": (story) => {
    story.call("grant", 0, { status: "unknown" });
    story.put(100, "a");
    story.keepAlive(200);
    story.vanish(5_300, "a");
  },
  "a grant of unknown outcome that has not happened yet": (story) => {
    story.call("grant", 0, { status: "unknown" });
    story.call("keep-alive", 20, { status: "gone" });
    story.keepAlive(200);
  },
  "a renewal under way while the lease ends": (story) => {
    story.grant(0);
    story.put(100, "a");
    story.vanish(5_005, "a");
    story.call("keep-alive", 5_000, { status: "gone" }, { return: 5_100 });
  },
  "a lease that is asked for while it is granted": (story) => {
    story.grant(0, { return: 100 });
    story.call("time-to-live", 50, { status: "gone" });
  },
  "a client that deletes a key and another": (story) => {
    story.grant(0);
    story.put(100, "a");
    story.put(200, "b");
    story.delete(300, "a");
    story.timeToLive(400, 4, ["b"]);
    story.vanish(5_000, "b");
  },
  "a deletion without an answer that takes a part of the keys": (story) => {
    story.grant(0);
    story.put(100, "a");
    story.put(200, "b");
    story.lostDelete(300, "b");
    story.timeToLive(400, 4, ["a"]);
  },
  "a key that is moved to another lease, and one that is set free": (story) => {
    story.grant(0);
    for (const key of ["a", "b", "c"]) story.put(100, key);
    story.put(200, "a", 8n);
    story.put(300, "b", 0n);
    story.timeToLive(400, 4, ["c"]);
    story.vanish(5_000, "c");
  },
  "keys that are told of while one is put": (story) => {
    story.grant(0);
    story.put(100, "a");
    story.timeToLive(200, 4, ["a"]);
    story.put(201, "b");
    story.timeToLive(201, 4, ["a", "b"]);
  },
  "a lease that ends late by no more than what is allowed": (story) => {
    story.grant(0);
    story.put(100, "a");
    story.vanish(6_000, "a");
  },
  "lists of members that lag behind": (story) => {
    story.grant(0);
    story.call("list", 100, { status: "gone" });
    story.revoke(200);
    story.call("list", 300, { status: "found" });
  },
  "deletions that have nothing to do with a lease": (story) => {
    story.grant(0);
    story.put(100, "a", 0n);
    story.vanish(200, "a");
  },
};
