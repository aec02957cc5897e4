/** One life of a lease for each way in which it can be wrong, with the rule and the witnesses: calls, or revisions. */
import type { Operation } from "../history.js";
import type { LeaseCall } from "../lease-history.js";
import type { Rule } from "../violation.js";
import type { LeaseStory } from "./lease-story.js";

export type BadLease = readonly [Rule, (story: LeaseStory) => readonly (LeaseCall | Operation | number)[]];

/** Times are judged as they are; see the limits in the test. */
export const badLeases: Readonly<Record<string, BadLease>> = {
  "a key that vanishes before the TTL is over": [
    "lease-early",
    (story) => {
      const grant = story.grant(0);
      story.put(100, "a");
      return [grant, story.vanish(4_900, "a")];
    },
  ],
  "a key that vanishes before the TTL of the last renewal is over": [
    "lease-early",
    (story) => {
      story.grant(0);
      story.put(100, "a");
      const renewal = story.keepAlive(3_000);
      return [renewal, story.vanish(5_100, "a")];
    },
  ],
  "a lease without keys that a renewal finds gone too early": [
    "lease-early",
    (story) => [story.grant(0), story.call("keep-alive", 4_000, { status: "gone" })],
  ],
  "a lease that is not there when one asks what is left": [
    "lease-early",
    (story) => [story.grant(0), story.call("time-to-live", 20, { status: "gone" })],
  ],
  "a lease that somebody else's revocation finds gone": [
    "lease-early",
    (story) => [story.grant(0), story.revoke(1_000, "gone")],
  ],
  "a lease that ends early although its revocation was refused": [
    "lease-early",
    (story) => {
      const grant = story.grant(0);
      story.put(100, "a");
      story.revoke(200, "refused");
      return [grant, story.vanish(300, "a")];
    },
  ],
  "a lease that ends early, before it was revoked": [
    "lease-early",
    (story) => {
      const grant = story.grant(0);
      story.put(100, "a");
      const revision = story.vanish(300, "a");
      story.revoke(400);
      return [grant, revision];
    },
  ],
  "a lease that has less left than it was promised": [
    "lease-early",
    (story) => {
      story.grant(0);
      return [story.keepAlive(3_000), story.timeToLive(3_100, 1)];
    },
  ],
  "a lease that has lost its keys in two revisions": [
    "lease-keys",
    (story) => {
      story.grant(0);
      story.put(100, "a");
      story.put(200, "b");
      const revision = story.vanish(6_000, "a");
      story.vanish(6_001, "b");
      return [revision];
    },
  ],
  "a lease that takes a key along that had been moved to another": [
    "lease-keys",
    (story) => {
      story.grant(0);
      story.put(100, "a");
      story.put(150, "b");
      story.put(200, "b", 8n);
      return [story.vanish(6_000, "a", "b")];
    },
  ],
  "a lease that takes a key along that hangs on none": [
    "lease-keys",
    (story) => {
      story.grant(0);
      story.put(100, "a");
      story.put(150, "b", 0n);
      return [story.vanish(6_000, "a", "b")];
    },
  ],
  "a lease that leaves a key behind and takes one along that hangs on none": [
    "lease-keys",
    (story) => {
      story.grant(0);
      story.put(100, "a");
      story.put(150, "b");
      story.put(200, "c", 0n);
      return [story.vanish(6_000, "a", "c")];
    },
  ],
  "a lease that leaves a key behind that was put last": [
    "lease-keys",
    (story) => {
      story.grant(0);
      story.put(100, "a");
      story.put(150, "b");
      story.put(200, "c");
      return [story.vanish(6_000, "a", "b")];
    },
  ],
  "a revocation after which the keys are still there": [
    "lease-keys",
    (story) => {
      story.grant(0);
      const put = story.put(100, "a");
      return [story.revoke(200), revisionOf(put)];
    },
  ],
  "keys that are told and hung on the lease long ago": [
    "lease-keys",
    (story) => {
      story.grant(0);
      story.put(100, "a");
      const put = story.put(150, "b");
      return [story.timeToLive(200, 4, ["a"]), revisionOf(put)];
    },
  ],
  "keys that are told and never hung on the lease": [
    "lease-keys",
    (story) => {
      story.grant(0);
      const put = story.put(100, "a");
      return [story.timeToLive(200, 4, ["a", "b"]), revisionOf(put)];
    },
  ],
  "a lease that is renewed after its keys have vanished": [
    "lease-after-end",
    (story) => {
      story.grant(0);
      story.put(100, "a");
      const revision = story.vanish(6_000, "a");
      return [revision, story.keepAlive(6_100)];
    },
  ],
  "a lease that is renewed after it was revoked": [
    "lease-after-end",
    (story) => {
      story.grant(0);
      return [story.revoke(100), story.keepAlive(200)];
    },
  ],
  "a lease that is revoked twice": [
    "lease-after-end",
    (story) => {
      story.grant(0);
      return [story.revoke(100), story.revoke(200)];
    },
  ],
  "a lease that has something left after somebody found it gone": [
    "lease-after-end",
    (story) => {
      story.grant(0);
      const gone = story.call("keep-alive", 6_000, { status: "gone" });
      return [gone, story.timeToLive(6_100, 0)];
    },
  ],
  "a put on a lease that was revoked": [
    "lease-after-end",
    (story) => {
      story.grant(0);
      return [story.revoke(100), story.put(200, "a")];
    },
  ],
  "a key on a lease that has ended at an earlier revision": [
    "lease-after-end",
    (story) => {
      story.grant(0);
      story.put(100, "a");
      const end = story.vanish(6_000, "a");
      const put = story.put(5_999, "b");
      return [end, revisionOf(put), put];
    },
  ],
  "keys that are never taken away": [
    "lease-late",
    (story) => {
      const grant = story.grant(0);
      return [grant, revisionOf(story.put(100, "a"))];
    },
  ],
  "keys that are taken away long after": [
    "lease-late",
    (story) => {
      story.grant(0);
      story.put(100, "a");
      const renewal = story.keepAlive(3_000);
      return [renewal, story.vanish(9_100, "a")];
    },
  ],
  "a lease that is listed long after": [
    "lease-late",
    (story) => [story.grant(0), story.call("list", 6_100, { status: "found" })],
  ],
  "a lease of which something is left long after": [
    "lease-late",
    (story) => [story.grant(0), story.timeToLive(6_100, 0)],
  ],
  "a lease that is renewed long after it should have ended": [
    "lease-late",
    (story) => {
      story.grant(0);
      const renewal = story.keepAlive(3_000);
      return [renewal, story.put(9_100, "a")];
    },
  ],
  "a grant for less than was asked for": [
    "lease-ttl",
    (story) => [story.grant(0, { outcome: { status: "found", ttlSeconds: 4 } })],
  ],
  "a renewal for another time than that of the grant": [
    "lease-ttl",
    (story) => [story.grant(0), story.keepAlive(100, { outcome: { status: "found", ttlSeconds: 6 } })],
  ],
  "a lease that was granted for another time than the grant has told": [
    "lease-ttl",
    (story) => [
      story.grant(0),
      story.call("time-to-live", 100, { status: "found", ttlSeconds: 5, grantedTtlSeconds: 9 }),
    ],
  ],
  "a lease that is granted twice": ["assumption", (story) => [story.grant(0), story.grant(7_000)]],
};

function revisionOf({ outcome }: Operation): number {
  return outcome.status === "acknowledged" ? outcome.revision : 0;
}
