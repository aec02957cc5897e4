/** Txn: compares over ranges with every field, values that no enum has, and what a branch answers. */
import { Compare_CompareResult as Result, Compare_CompareTarget as Target } from "@kvorum/proto";
import { type Case, cases } from "../case.js";
import { FROM_KEY, type Probe } from "../probe.js";

const SIGNS = ["=", "!=", ">", "<"] as const;

/** `a` version 1, `b` version 2, `c` version 3, the last two with a lease; answers the revision before. */
async function threeKeys(p: Probe, lease: bigint): Promise<bigint> {
  await p.grant(lease, 600n);
  const start = await p.revision();
  await p.put("a", "x");
  for (let i = 0; i < 2; i++) await p.put("b", "y", { lease });
  for (let i = 0; i < 3; i++) await p.put("c", "y", { lease });
  return start;
}

const overRanges: Record<string, Case["run"]> = {};
for (const [i, field] of (["version", "create", "mod", "lease", "value"] as const).entries()) {
  overRanges[`every sign on ${field} over a range`] = async (p) => {
    const lease = 0x981000n + BigInt(i);
    const start = await threeKeys(p, lease);
    const operand = { version: 2n, create: start + 2n, mod: start + 3n, lease, value: "y" }[field];
    for (const sign of SIGNS) {
      for (const [from, to] of [
        ["a", "d"],
        ["b", "d"],
        ["b", "c"],
        ["x", "z"],
      ] as const) {
        await p.txn([p.compare(field, from, sign, operand, to)], []);
      }
    }
    await p.revoke(lease);
  };
  overRanges[`${field} from a key on`] = async (p) => {
    const operand = field === "value" ? "" : 0n;
    await p.put("zzzz~", "");
    for (const sign of SIGNS) await p.txn([p.compare(field, p.key("zzzz~"), sign, operand, FROM_KEY)], []);
    await p.del(p.key("zzzz~"));
  };
}

export const txnFormCases: Case[] = cases("txn forms", {
  ...overRanges,
  "a compare of one thing with the value of another": async (p) => {
    await p.put("a", "1");
    for (const target of [Target.VERSION, Target.CREATE, Target.MOD, Target.VALUE, Target.LEASE]) {
      for (const targetUnion of [
        { case: "version", value: 1n },
        { case: "value", value: Buffer.from("1") },
        { case: "lease", value: 0n },
      ] as const) {
        await p.txn([{ key: p.key("a"), target, result: Result.EQUAL, targetUnion }], []);
      }
    }
  },
  "a sign that is none": async (p) => {
    await p.put("a", "1");
    await p.txn([{ ...p.compare("version", "a", "=", 1n), result: 4 as Result }], []);
    await p.txn([{ ...p.compare("version", "a", "=", 2n), result: 9 as Result }], []);
  },
  "a target that is none": async (p) => {
    await p.put("a", "1");
    await p.txn([{ ...p.compare("version", "a", "=", 1n), target: 5 as Target }], []);
  },
  "compares of values by their bytes": async (p) => {
    await p.put("a", Uint8Array.of(0x80));
    for (const operand of ["\x7f", "\x80", "\x81", "\x80\x00"]) {
      for (const sign of [">", "<"] as const) await p.txn([p.compare("value", "a", sign, operand)], []);
    }
  },
  "the same compare twice, and one that contradicts it": async (p) => {
    await p.put("a", "1");
    await p.txn([p.compare("version", "a", "=", 1n), p.compare("version", "a", "=", 1n)], []);
    await p.txn([p.compare("version", "a", "=", 1n), p.compare("version", "a", "!=", 1n)], []);
  },
  "every kind of answer in one": async (p) => {
    await p.put("a", "1");
    await p.txn(
      [],
      [p.opGet("a"), p.opPut("b", "2", { prevKv: true }), p.opDel("a", undefined, true), p.opTxn([], [p.opGet("b")])],
    );
  },
  "a delete of what it has put before is a duplicate": async (p) => {
    await p.txn([], [p.opPut("a", "1"), p.opDel("a")]);
    await p.txn([], [p.opDel(p.key(""), p.prefixEnd()), p.opPut("a", "1")]);
  },
  "two deletes of one key": async (p) => {
    await p.put("a", "1");
    await p.txn([], [p.opDel("a", undefined, true), p.opDel("a", undefined, true)]);
  },
  "a lease that is put in one and revoked": async (p) => {
    await p.grant(0x981100n, 60n);
    await p.txn([], [p.opPut("a", "1", { lease: 0x981100n }), p.opPut("b", "1", { lease: 0x981100n })]);
    await p.revoke(0x981100n);
    await p.all();
  },
  "ignore value and lease of keys that are there": async (p) => {
    await p.grant(0x981101n, 60n);
    await p.put("a", "1", { lease: 0x981101n });
    await p.txn([], [p.opPut("a", "", { ignoreValue: true, lease: 0x981101n })]);
    await p.txn([], [p.opPut("a", "2", { ignoreLease: true })]);
    await p.range("a");
    await p.revoke(0x981101n);
  },
  "ignore value of what the same transaction puts": async (p) => {
    await p.txn([], [p.opPut("a", "1"), p.opTxn([], [p.opPut("b", "", { ignoreValue: true })])]);
    await p.all();
  },
  "a range at revision zero, and below": async (p) => {
    await p.put("a", "1");
    await p.txn([], [p.opGet("a", undefined, { revision: 0n }), p.opGet("a", undefined, { revision: -1n })]);
    await p.txn([], [p.opPut("b", "1"), p.opGet("a", undefined, { revision: -1n })]);
  },
  "ranges that are serializable and not": async (p) => {
    await p.put("a", "1");
    await p.txn([], [p.opGet("a", undefined, { serializable: true }), p.opGet("a")]);
  },
  "an error in the other branch does not matter, but a form does": async (p) => {
    await p.txn([], [p.opPut("a", "1")], [p.opGet("a", undefined, { revision: 1_000_000n })]);
    await p.txn([], [p.opPut("a", "2")], [{}]);
    await p.txn([], [p.opPut("a", "3")], [p.opPut("b", "1", { ignoreValue: true, lease: 5n })]);
    await p.range("a");
  },
  "nested: an empty one": async (p) => {
    await p.txn([], [p.opTxn([], [])]);
    await p.txn([], [p.opTxn([], []), p.opPut("a", "1")]);
  },
  "nested: a compare over a range": async (p) => {
    await p.put("a", "1");
    await p.txn([], [p.opTxn([p.compare("version", "a", ">", 0n, "z")], [p.opGet("a")], [p.opPut("b", "1")])]);
  },
  "nested: a compare without a key": async (p) => {
    await p.txn([], [p.opTxn([p.compare("version", new Uint8Array(), "=", 0n)], [])]);
  },
  "nested: an operation without a request": async (p) => {
    await p.txn([], [p.opTxn([], [{}])]);
  },
  "nested: a future revision fails it whole": async (p) => {
    await p.txn([], [p.opPut("a", "1"), p.opTxn([], [p.opGet("a", undefined, { revision: 1_000_000n })])]);
    await p.range("a");
  },
  "a watch sees it as one": async (p) => {
    const stream = p.watch();
    stream.create(p.key(""), { rangeEnd: p.prefixEnd(), prevKv: true });
    await stream.read();
    await p.txn([], [p.opPut("a", "1"), p.opTxn([], [p.opPut("b", "1")]), p.opDel("nothing")]);
    await stream.read();
    await p.txn([], [p.opDel("a"), p.opPut("b", "2")]);
    await stream.read();
    await stream.close();
  },
});
