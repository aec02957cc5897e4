/** Where kvorumctl does something else than etcdctl 3.4, and why. Each entry says what it lets pass, and must be met by a case. */
import type { CommandResult } from "../support/etcdctl.js";

export interface Difference {
  readonly why: string;
  /** Command lines that it is about. */
  readonly line: RegExp;
  /** Standard input that it is about. Default: any. */
  readonly input?: RegExp;
  /** What of etcdctl's result remains to be compared; the same is then done to ours. */
  readonly common: (result: CommandResult) => CommandResult;
}

const lastError = (text: string): string => text.split("\n").findLast((line) => line.startsWith("Error: ")) ?? "";

export const DIFFERENCES: readonly Difference[] = [
  {
    why: "a flag that cannot be read is told in one line; etcdctl prints the whole help on standard output and the error twice",
    line: /--bad|-x$|--rev( x|=| 9{20})?$|--prefix=maybe|-w$|--command-timeout (5q?|soon)$|---x|--=x|--ttl 1\.5|put a -1/,
    common: ({ code, stderr }) => ({ code, stdout: "", stderr: lastError(stderr) }),
  },
  {
    why: "an unknown command is told with our own name, once",
    line: /^(frob|gett a)$/,
    common: ({ code, stderr }) => ({
      code,
      stdout: "",
      stderr: stderr.includes("Did you mean this?\n\tget\n") ? "get" : "",
    }),
  },
  {
    why: "etcdctl reads the range before it finds out that values alone are only for `simple`; the error is the same",
    line: /--print-value-only$/,
    common: (result) => result,
  },
  {
    why: "etcdctl ends with a stack trace for an operator it does not know, and for every comparison of a lease",
    line: /^txn$/,
    input: /~ "1"|^lease\(/,
    common: () => ({ code: 0, stdout: "", stderr: "" }),
  },
  {
    why: "etcdctl grants before it finds out that it has no such format; a format that no command has is refused before",
    line: /-w xml$/,
    common: (result) => result,
  },
  {
    why: "the logs of variables are written by another logger, with the time",
    line: /^get a\/8( -w json)?$/,
    common: ({ code, stdout }) => ({ code, stdout, stderr: "" }),
  },
];

/** Both results without what is known to differ. */
export function withoutDifferences(
  line: string,
  input: string,
  results: readonly [CommandResult, CommandResult],
  met: Set<Difference>,
): readonly [CommandResult, CommandResult] {
  let [theirs, ours] = results;
  for (const difference of DIFFERENCES) {
    if (!difference.line.test(line) || !(difference.input?.test(input) ?? true)) continue;
    met.add(difference);
    theirs = difference.common(theirs);
    ours = difference.common(ours);
  }
  return [theirs, ours];
}
