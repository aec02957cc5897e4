/** Txn: compares, branches, visibility inside a transaction, nesting, conflicts and limits. */
import { type Case, cases } from "../case.js";
import { FROM_KEY, type Probe } from "../probe.js";

const FIELDS = ["version", "create", "mod", "lease"] as const;
const SIGNS = ["=", "!=", ">", "<"] as const;

/** Which branch ran, without answers to look at. */
const verdict = (p: Probe, ...compare: Parameters<Probe["compare"]>) => p.txn([p.compare(...compare)], [], []);

const compares: Record<string, Case["run"]> = {};
for (const field of FIELDS) {
  compares[`compare ${field} of a missing key is a compare with zero`] = async (p) => {
    for (const sign of SIGNS) for (const operand of [0n, 1n, -1n]) await verdict(p, field, "missing", sign, operand);
  };
  compares[`compare ${field} of a key with every sign`] = async (p) => {
    await p.grant(930000n, 100n);
    const start = await p.revision();
    await p.put("a", "1");
    await p.put("a", "2", { lease: 930000n });
    const exact = { version: 2n, create: start + 1n, mod: start + 2n, lease: 930000n }[field];
    for (const sign of SIGNS) {
      for (const operand of [exact - 1n, exact, exact + 1n]) await verdict(p, field, "a", sign, operand);
    }
    await p.revoke(930000n);
  };
}

export const txnCases: Case[] = cases("txn", {
  ...compares,
  "compare value with every sign": async (p) => {
    await p.put("a", "mm");
    for (const sign of SIGNS)
      for (const operand of ["m", "mm", "mmm", "z", ""]) await verdict(p, "value", "a", sign, operand);
  },
  "compare value of a missing key is always false": async (p) => {
    for (const sign of SIGNS) for (const operand of ["", "x"]) await verdict(p, "value", "missing", sign, operand);
  },
  "no compares run the success branch": async (p) => {
    await p.txn([], [p.opPut("a", "1")], [p.opPut("b", "1")]);
    await p.all();
  },
  "nothing at all": async (p) => {
    await p.txn([], []);
    await p.put("after");
  },
  "all compares must hold": async (p) => {
    await p.put("a", "1");
    await p.txn(
      [p.compare("value", "a", "=", "1"), p.compare("version", "a", "=", 2n)],
      [p.opPut("r", "then")],
      [p.opPut("r", "else")],
    );
    await p.range("r");
  },
  "the failure branch": async (p) => {
    await p.txn([p.compare("version", "a", ">", 0n)], [p.opPut("a", "then")], [p.opPut("a", "else"), p.opGet("a")]);
  },
  "a compare without a target operand": async (p) => {
    await p.put("a", "1");
    await p.txn([{ ...p.compare("version", "a", ">", 0n), targetUnion: { case: undefined } }], []);
    await p.txn([{ ...p.compare("value", "a", ">", ""), targetUnion: { case: undefined } }], []);
  },
  "a compare with an empty key": async (p) => {
    await p.txn([p.compare("version", new Uint8Array(), "=", 0n)], []);
  },
  "compare over a range: every key must satisfy it": async (p) => {
    await p.put("a");
    await p.put("b");
    await p.put("b");
    await verdict(p, "version", "a", ">", 0n, "c");
    await verdict(p, "version", "a", "=", 1n, "c");
    await verdict(p, "version", "a", "=", 1n, "b");
  },
  "compare over an empty range is a compare with a missing key": async (p) => {
    await verdict(p, "create", "a", "=", 0n, "c");
    await verdict(p, "create", "a", ">", 0n, "c");
    await verdict(p, "value", "a", "=", "", "c");
    await verdict(p, "version", "c", "=", 0n, "a");
  },
  "compare from a key on": async (p) => {
    await p.put("zzzzzz");
    await verdict(p, "version", p.key("zzzzzz"), "=", 1n, FROM_KEY);
  },
  "ranges see earlier writes of the same transaction": async (p) => {
    await p.put("a", "old");
    await p.txn(
      [],
      [
        p.opGet("a"),
        p.opPut("a", "new"),
        p.opGet("a"),
        p.opDel("a", undefined, true),
        p.opGet("a"),
        p.opPut("b"),
        p.opGet("", p.prefixEnd()),
      ],
    );
  },
  "many writes are one revision": async (p) => {
    await p.txn([], [p.opPut("a"), p.opPut("b"), p.opPut("c")]);
    await p.all();
    await p.put("after");
  },
  "a delete without a match does not move the revision": async (p) => {
    await p.txn([], [p.opDel("nothing")]);
    await p.put("after");
  },
  "only ranges do not move the revision": async (p) => {
    await p.put("a");
    await p.txn([], [p.opGet("a"), p.opGet("nothing")]);
    await p.put("after");
  },
  "only serializable ranges": async (p) => {
    await p.put("a");
    await p.txn([], [p.opGet("a", undefined, { serializable: true })]);
  },
  "answers of puts with previous values": async (p) => {
    await p.put("a", "1");
    await p.txn([], [p.opPut("a", "2", { prevKv: true }), p.opPut("b", "1", { prevKv: true })]);
  },
  "answers of deletes with previous values": async (p) => {
    await p.put("a", "1");
    await p.put("b", "2");
    await p.txn([], [p.opDel("a", "z", true)]);
  },
  "a range with options": async (p) => {
    for (const key of ["a", "b", "c"]) await p.put(key, key);
    await p.txn(
      [],
      [p.opGet("a", "z", { limit: 2n }), p.opGet("a", "z", { countOnly: true }), p.opGet("a", "z", { keysOnly: true })],
    );
  },
  "a range at an old revision": async (p) => {
    const start = await p.revision();
    await p.put("a", "1");
    await p.put("a", "2");
    await p.txn([], [p.opGet("a", undefined, { revision: start + 1n })]);
    await p.txn([], [p.opPut("a", "3"), p.opGet("a", undefined, { revision: start + 1n })]);
  },
  "a range at a future revision fails it whole": async (p) => {
    await p.txn([], [p.opPut("a", "1"), p.opGet("a", undefined, { revision: (await p.revision()) + 50n })]);
    await p.range("a");
  },
  "an unknown lease fails it whole": async (p) => {
    await p.txn([], [p.opPut("a", "1"), p.opPut("b", "1", { lease: 987654n })]);
    await p.all();
  },
  "an unknown lease in the branch that does not run": async (p) => {
    await p.txn([], [p.opPut("a", "1")], [p.opPut("b", "1", { lease: 987654n })]);
    await p.all();
  },
  "ignore value of a missing key fails it whole": async (p) => {
    await p.txn([], [p.opPut("a", "1"), p.opPut("b", "", { ignoreValue: true })]);
    await p.all();
  },
  "ignore lease of a missing key fails it whole": async (p) => {
    await p.txn([], [p.opPut("a", "1"), p.opPut("b", "1", { ignoreLease: true })]);
    await p.all();
  },
  "ignore value with a value": async (p) => {
    await p.txn([], [p.opPut("a", "1", { ignoreValue: true })]);
  },
  "ignore lease with a lease": async (p) => {
    await p.txn([], [p.opPut("a", "1", { ignoreLease: true, lease: 3n })]);
  },
  "an operation without a request": async (p) => {
    await p.txn([], [{}]);
  },
  "an operation with an empty key": async (p) => {
    await p.txn([], [p.opPut(new Uint8Array())]);
    await p.txn([], [p.opGet(new Uint8Array())]);
    await p.txn([], [p.opDel(new Uint8Array())]);
  },
  "an empty key in the branch that does not run": async (p) => {
    await p.txn([], [p.opPut("a")], [p.opPut(new Uint8Array())]);
  },
  "128 operations": async (p) => {
    await p.txn(
      [],
      Array.from({ length: 128 }, (_, i) => p.opGet(`k${i}`, undefined, { countOnly: true })),
    );
  },
  "129 operations": async (p) => {
    await p.txn(
      [],
      Array.from({ length: 129 }, (_, i) => p.opPut(`k${i}`)),
    );
    await p.all();
  },
  "129 compares": async (p) => {
    await p.txn(
      Array.from({ length: 129 }, (_, i) => p.compare("version", `k${i}`, "=", 0n)),
      [],
    );
  },
  "129 operations in the failure branch": async (p) => {
    await p.txn(
      [],
      [],
      Array.from({ length: 129 }, (_, i) => p.opPut(`k${i}`)),
    );
  },
  "the same key put twice": async (p) => {
    await p.txn([], [p.opPut("a", "1"), p.opPut("a", "2")]);
    await p.range("a");
  },
  "the same key put twice in the branch that does not run": async (p) => {
    await p.txn([], [p.opPut("r")], [p.opPut("a", "1"), p.opPut("a", "2")]);
  },
  "the same key put in both branches": async (p) => {
    await p.txn([], [p.opPut("a", "then")], [p.opPut("a", "else")]);
  },
  "a put inside a deleted range": async (p) => {
    await p.txn([], [p.opPut("b"), p.opDel("a", "c")]);
    await p.txn([], [p.opDel("a", "c"), p.opPut("b")]);
    await p.txn([], [p.opDel("b"), p.opPut("b")]);
  },
  "a put outside a deleted range": async (p) => {
    await p.txn([], [p.opDel("a", "c"), p.opPut("c")]);
  },
  "deletes may overlap": async (p) => {
    for (const key of ["a", "b", "c"]) await p.put(key);
    await p.txn([], [p.opDel("a", "c"), p.opDel("b", "d")]);
    await p.all();
  },
  "a delete from a key on and a put behind it": async (p) => {
    await p.put("zzz/x", "1");
    await p.txn([], [p.opDel(p.key("zzz/x"), FROM_KEY), p.opPut("zzz/y")]);
    await p.txn([], [p.opPut("zzz/y", "2"), p.opDel(p.key("zzz/x"), FROM_KEY, true)]);
    await p.all();
  },
  "nested: both branches by a compare": async (p) => {
    await p.put("a", "1");
    await p.txn([], [p.opTxn([p.compare("value", "a", "=", "1")], [p.opPut("r", "then")], [p.opPut("r", "else")])]);
    await p.txn([], [p.opTxn([p.compare("value", "a", "=", "2")], [p.opPut("r", "then")], [p.opPut("r", "else")])]);
    await p.range("r");
  },
  "nested: compares see the state before the whole transaction": async (p) => {
    await p.txn(
      [],
      [
        p.opPut("a", "1"),
        p.opTxn([p.compare("version", "a", "=", 0n)], [p.opPut("r", "unseen")], [p.opPut("r", "seen")]),
      ],
    );
    await p.range("r");
  },
  "nested: ranges see the writes before them": async (p) => {
    await p.txn([], [p.opPut("a", "1"), p.opTxn([], [p.opGet("a"), p.opPut("b", "2")]), p.opGet("b")]);
  },
  "nested: only ranges": async (p) => {
    await p.put("a", "1");
    await p.txn([], [p.opTxn([], [p.opGet("a")])]);
    await p.put("after");
  },
  "nested three deep": async (p) => {
    await p.txn([], [p.opTxn([], [p.opTxn([], [p.opPut("deep", "3")]), p.opGet("deep")])]);
  },
  "nested: a put of the parent's key": async (p) => {
    await p.txn([], [p.opPut("a"), p.opTxn([], [p.opPut("a")])]);
  },
  "nested: a put in then and else": async (p) => {
    await p.txn([], [p.opTxn([], [p.opPut("a", "1")], [p.opPut("a", "2")])]);
  },
  "nested: siblings put the same key": async (p) => {
    await p.txn([], [p.opTxn([], [p.opPut("a")]), p.opTxn([], [p.opPut("a")])]);
  },
  "nested: a delete over the parent's put": async (p) => {
    await p.txn([], [p.opPut("a"), p.opTxn([], [p.opDel("a", "b")])]);
  },
  "nested: sibling deletes, then puts": async (p) => {
    await p.txn([], [p.opTxn([], [p.opDel("a", "b")]), p.opTxn([], [p.opPut("a")])]);
  },
  "nested: sibling puts, then deletes": async (p) => {
    await p.txn([], [p.opTxn([], [p.opPut("a")]), p.opTxn([], [p.opDel("a", "b")])]);
    await p.range("a");
  },
  "nested: an unknown lease fails it whole": async (p) => {
    await p.txn([], [p.opPut("a"), p.opTxn([], [p.opPut("b", "1", { lease: 987654n })])]);
    await p.all();
  },
  "nested: the operations of a level share its budget": async (p) => {
    const sixty = Array.from({ length: 60 }, (_, i) => p.opPut(`k${i}`));
    const sixtyNine = Array.from({ length: 69 }, (_, i) => p.opPut(`n${i}`));
    await p.txn([], [...sixty.slice(1), p.opTxn([], sixtyNine)]);
    await p.txn([], [...sixty.slice(1), p.opTxn([], sixtyNine.slice(1))]);
  },
  "a transaction over the request limit": async (p) => {
    await p.txn([], [p.opPut("a", "x".repeat(900_000)), p.opPut("b", "x".repeat(900_000))]);
  },
});
