/** The grammar of flags: pflag's, which etcdctl's users have in their fingers. */
import { describe, expect, it } from "vitest";
import { commandWords, parseArguments } from "./command-line.js";
import { int64, onOff, repeatedList, text } from "./flags.js";

const FLAGS = {
  prefix: onOff("", {}),
  interactive: onOff("", { short: "i" }),
  listen: onOff("", { short: "l" }),
  rev: int64(""),
  "write-out": text("", { short: "w" }),
  endpoints: repeatedList("", ["default"]),
};

describe("flags", () => {
  it.each<[readonly string[], Record<string, unknown>, readonly string[]]>([
    [["a", "--prefix", "b"], { prefix: true }, ["a", "b"]],
    [["--prefix=false", "a"], { prefix: false }, ["a"]],
    [["--rev", "5", "a"], { rev: 5n }, ["a"]],
    [["--rev=-5"], { rev: -5n }, []],
    [["--rev", "-5"], { rev: -5n }, []],
    [["-w", "json"], { "write-out": "json" }, []],
    [["-wjson"], { "write-out": "json" }, []],
    [["-w=json"], { "write-out": "json" }, []],
    [["-il", "x"], { interactive: true, listen: true }, ["x"]],
    [["-iw", "json"], { interactive: true, "write-out": "json" }, []],
    [["--rev", "1", "--rev", "2"], { rev: 2n }, []],
    [["--endpoints", "a,b", "--rev=1", "--endpoints=c"], { endpoints: ["a", "b", "c"], rev: 1n }, []],
    [["-", "--write-out="], { "write-out": "" }, ["-"]],
  ])("%j", (argv, given, args) => {
    expect(parseArguments(argv, FLAGS)).toEqual({ args, given, dashAt: undefined });
  });

  it("behind -- everything is an argument", () => {
    expect(parseArguments(["a", "--", "--prefix", "--", "-x"], FLAGS)).toEqual({
      args: ["a", "--prefix", "--", "-x"],
      given: {},
      dashAt: 1,
    });
  });

  it.each([
    [["--frob"], "unknown flag: --frob"],
    [["--constructor"], "unknown flag: --constructor"],
    [["-x"], "unknown shorthand flag: 'x' in -x"],
    [["-ix9"], "unknown shorthand flag: 'x' in -x9"],
    [["--rev"], "flag needs an argument: --rev"],
    [["-w"], "flag needs an argument: 'w' in -w"],
    [["--=x"], "bad flag syntax: --=x"],
    [["---x"], "bad flag syntax: ---x"],
    [
      ["-i=maybe"],
      'invalid argument "maybe" for "-i, --interactive" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
  ])("%j is refused", (argv, message) => {
    expect(() => parseArguments(argv, FLAGS)).toThrow(message);
  });
});

describe("the words that name a command", () => {
  const isCommand = (words: readonly string[]): boolean => ["get", "lease", "lease grant"].includes(words.join(" "));

  it("flags may stand before and between them", () => {
    expect(commandWords(["-w", "json", "lease", "--prefix", "grant", "5"], FLAGS, isCommand)).toEqual({
      words: ["lease", "grant"],
      rest: ["-w", "json", "--prefix", "5"],
      stray: "5",
    });
  });

  it("a flag's value is no word", () => {
    expect(commandWords(["--write-out", "get", "lease"], FLAGS, isCommand).words).toEqual(["lease"]);
  });

  it("behind -- there is none", () => {
    expect(commandWords(["--", "get"], FLAGS, isCommand)).toEqual({ words: [], rest: ["--", "get"], stray: undefined });
  });
});
