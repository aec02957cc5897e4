/** Put and DeleteRange: versions, previous values, the ignore flags, leases and errors. */
import { type Case, cases } from "../case.js";
import { FROM_KEY } from "../probe.js";

export const putCases: Case[] = cases("put", {
  "creates with version 1": async (p) => {
    await p.put("a", "1");
    await p.range("a");
  },
  "again raises version and mod revision": async (p) => {
    await p.put("a", "1");
    await p.put("a", "2");
    await p.put("a", "2");
    await p.range("a");
  },
  "after a delete starts again at version 1": async (p) => {
    await p.put("a", "1");
    await p.put("a", "2");
    await p.del("a");
    await p.put("a", "3");
    await p.range("a");
  },
  "previous value of a new key is unset": async (p) => {
    await p.put("a", "1", { prevKv: true });
  },
  "previous value": async (p) => {
    await p.put("a", "1");
    await p.put("a", "2", { prevKv: true });
  },
  "previous value after a delete is unset": async (p) => {
    await p.put("a", "1");
    await p.del("a");
    await p.put("a", "2", { prevKv: true });
  },
  "an empty value is legal": async (p) => {
    await p.put("a", "");
    await p.range("a");
  },
  "an empty key is refused": async (p) => {
    await p.put(new Uint8Array(), "1");
  },
  "ignore value keeps the value": async (p) => {
    await p.put("a", "1");
    await p.put("a", "", { ignoreValue: true });
    await p.range("a");
  },
  "ignore value with a value": async (p) => {
    await p.put("a", "1");
    await p.put("a", "2", { ignoreValue: true });
    await p.range("a");
  },
  "ignore value of a missing key": async (p) => {
    await p.put("a", "", { ignoreValue: true });
  },
  "ignore lease of a missing key": async (p) => {
    await p.put("a", "1", { ignoreLease: true });
  },
  "ignore lease with a lease": async (p) => {
    await p.put("a", "1", { ignoreLease: true, lease: 5n });
  },
  "ignore lease keeps the lease": async (p) => {
    await p.grant(910001n, 100n);
    await p.put("a", "1", { lease: 910001n });
    await p.put("a", "2", { ignoreLease: true });
    await p.range("a");
    await p.revoke(910001n);
    await p.range("a");
  },
  "both ignore flags bump the revision only": async (p) => {
    await p.grant(910002n, 100n);
    await p.put("a", "1", { lease: 910002n });
    await p.put("a", "", { ignoreLease: true, ignoreValue: true, prevKv: true });
    await p.range("a");
    await p.revoke(910002n);
  },
  "an unknown lease": async (p) => {
    await p.put("a", "1", { lease: 987654n });
    await p.range("a");
  },
  "an unknown lease does not move the revision": async (p) => {
    await p.put("a", "1", { lease: 987654n });
    await p.put("b", "1");
  },
  "without a lease detaches the old one": async (p) => {
    await p.grant(910003n, 100n);
    await p.put("a", "1", { lease: 910003n });
    await p.put("a", "2");
    await p.revoke(910003n);
    await p.range("a");
  },
  "another lease takes the key over": async (p) => {
    await p.grant(910004n, 100n);
    await p.grant(910005n, 100n);
    await p.put("a", "1", { lease: 910004n });
    await p.put("a", "2", { lease: 910005n });
    await p.revoke(910004n);
    await p.range("a");
    await p.revoke(910005n);
    await p.range("a");
  },
  "a value of 100 KiB": async (p) => {
    await p.put("a", "x".repeat(100 * 1024));
    await p.range("a");
  },
  "a request over the limit": async (p) => {
    await p.put("a", "x".repeat(1_600_000));
    await p.range("a");
  },
  "a request just below the limit": async (p) => {
    await p.put("a", "x".repeat(1_570_000));
  },
  "a message over the receive limit": async (p) => {
    await p.put("a", "x".repeat(2_200_000));
  },
});

export const deleteCases: Case[] = cases("delete", {
  "a missing key deletes nothing and keeps the revision": async (p) => {
    await p.del("a");
    await p.put("b");
  },
  "one key": async (p) => {
    await p.put("a", "1");
    await p.del("a");
    await p.range("a");
  },
  "one key with its previous value": async (p) => {
    await p.put("a", "1");
    await p.del("a", undefined, true);
  },
  "a range with previous values in key order": async (p) => {
    for (const key of ["c", "a", "b", "d"]) await p.put(key, key.toUpperCase());
    await p.del("a", "d", true);
    await p.all();
  },
  "a prefix": async (p) => {
    for (const key of ["x/1", "x/2", "y"]) await p.put(key);
    await p.del("x/", p.prefixEnd("x/"));
    await p.all();
  },
  "from a key on": async (p) => {
    await p.put("zzzz");
    await p.put("zzzzz");
    await p.del(p.key("zzzz"), FROM_KEY);
    await p.all();
  },
  "an empty key is refused": async (p) => {
    await p.del(new Uint8Array());
  },
  "an end before the key deletes nothing": async (p) => {
    await p.put("b");
    await p.del("c", "a");
  },
  "takes one revision for many keys": async (p) => {
    for (const key of ["a", "b", "c"]) await p.put(key);
    await p.del("a", "z");
    await p.put("after");
  },
  twice: async (p) => {
    await p.put("a");
    await p.del("a");
    await p.del("a", undefined, true);
  },
  "detaches the lease": async (p) => {
    await p.grant(920001n, 100n);
    await p.put("a", "1", { lease: 920001n });
    await p.del("a");
    await p.put("a", "2");
    await p.revoke(920001n);
    await p.range("a");
  },
});
