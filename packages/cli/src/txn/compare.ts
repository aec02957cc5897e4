/** One line of a transaction's conditions: `mod("key") > "0"`. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Compare_CompareResult, Compare_CompareTarget, type CompareSchema } from "@kvorum/proto";
import { CommandFailure, EXIT } from "../failure.js";
import { NumberTextError, parseInt64 } from "../numbers.js";
import { quote } from "../output/quote.js";
import { readQuoted } from "../output/unquote.js";

type CompareInit = MessageInitShape<typeof CompareSchema>;

const RESULTS: Readonly<Record<string, Compare_CompareResult>> = {
  "=": Compare_CompareResult.EQUAL,
  "!=": Compare_CompareResult.NOT_EQUAL,
  ">": Compare_CompareResult.GREATER,
  "<": Compare_CompareResult.LESS,
};

/** Errors: `CommandFailure` with exit code 3 and etcdctl's words. */
export function parseCompare(line: string): CompareInit {
  const paren = line.indexOf("(");
  if (paren < 0) throw invalid(`malformed comparison: ${line}`);
  const target = line.slice(0, paren);
  const { key, operator, value } = readParts(line.slice(paren + 1));
  if (value === undefined) {
    throw invalid(`malformed comparison: ${line}; got ${target}(${quote(key ?? "")}) ${operator ?? ""} ""`);
  }
  const union = targetOf(target, value, line);
  const result = RESULTS[operator as string];
  if (result === undefined) throw invalid(`malformed comparison: ${line} (unknown operator ${operator})`);
  return { ...union, result, key: Buffer.from(key as string) };
}

interface Parts {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
}

/** `"key") > "value"`: as far as it can be read. What follows the value is passed over. */
function readParts(text: string): Parts {
  const key = readQuoted(text);
  if (key === undefined) return {};
  const operator = /^\) +(\S+)/.exec(key.rest);
  if (operator === null) return { key: key.text };
  const behind = key.rest.slice(operator[0].length);
  const value = readQuoted(behind.replace(/^ +/, ""));
  const read = { key: key.text, operator: operator[1] as string };
  return value === undefined || !behind.startsWith(" ") ? read : { ...read, value: value.text };
}

function targetOf(target: string, value: string, line: string): Pick<CompareInit, "target" | "targetUnion"> {
  switch (target) {
    case "ver":
    case "version":
      return {
        target: Compare_CompareTarget.VERSION,
        targetUnion: { case: "version", value: number(value, 10, line) },
      };
    case "c":
    case "create":
      return {
        target: Compare_CompareTarget.CREATE,
        targetUnion: { case: "createRevision", value: number(value, 10, line) },
      };
    case "m":
    case "mod":
      return {
        target: Compare_CompareTarget.MOD,
        targetUnion: { case: "modRevision", value: number(value, 10, line) },
      };
    case "val":
    case "value":
      return { target: Compare_CompareTarget.VALUE, targetUnion: { case: "value", value: Buffer.from(value) } };
    case "lease":
      return { target: Compare_CompareTarget.LEASE, targetUnion: { case: "lease", value: number(value, 16, line) } };
    default:
      throw invalid(`malformed comparison: ${line} (unknown target ${target})`);
  }
}

function number(text: string, base: 10 | 16, line: string): bigint {
  try {
    return parseInt64(text, base);
  } catch (error) {
    if (!(error instanceof NumberTextError)) throw error;
    throw invalid(`invalid txn compare request: ${line}`);
  }
}

function invalid(message: string): CommandFailure {
  return new CommandFailure(EXIT.invalidInput, message);
}
