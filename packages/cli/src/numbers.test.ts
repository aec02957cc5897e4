/** What Go's readers accept and refuse, in their words. */
import { describe, expect, it } from "vitest";
import { parseBool, parseDuration, parseInt64, parseUint64 } from "./numbers.js";

describe("numbers of the command line", () => {
  it.each([
    ["0", 10, 0n],
    ["-12", 10, -12n],
    ["+7", 10, 7n],
    ["ff", 16, 255n],
    ["-FF", 16, -255n],
    ["0x10", 0, 16n],
    ["010", 0, 8n],
    ["0o17", 0, 15n],
    ["0b101", 0, 5n],
    ["1_000", 0, 1000n],
    ["9223372036854775807", 10, 9223372036854775807n],
    ["-9223372036854775808", 10, -9223372036854775808n],
  ] as const)("%s in base %i is %s", (text, base, value) => {
    expect(parseInt64(text, base)).toBe(value);
  });

  it.each(["", "-", "1.5", "x", "0x10", " 1", "1_0", "0b1"])("%j is no decimal number", (text) => {
    expect(() => parseInt64(text)).toThrow(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  });

  it.each(["0x1", "g", ""])("%j is no hexadecimal number", (text) => {
    expect(() => parseInt64(text, 16)).toThrow("invalid syntax");
  });

  it("what has more than 64 bits is out of range", () => {
    expect(() => parseInt64("9223372036854775808")).toThrow(
      'strconv.ParseInt: parsing "9223372036854775808": value out of range',
    );
    expect(parseUint64("18446744073709551615")).toBe(2n ** 64n - 1n);
    expect(() => parseUint64("18446744073709551616")).toThrow("value out of range");
    expect(() => parseUint64("-1")).toThrow('strconv.ParseUint: parsing "-1": invalid syntax');
  });

  it("switches are read as Go reads them", () => {
    expect(["1", "t", "TRUE", "True"].map(parseBool)).toEqual([true, true, true, true]);
    expect(["0", "f", "false", "F"].map(parseBool)).toEqual([false, false, false, false]);
    expect(() => parseBool("yes")).toThrow('strconv.ParseBool: parsing "yes": invalid syntax');
  });
});

describe("durations", () => {
  it.each([
    ["5s", 5_000],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    ["300ms", 300],
    [".5s", 500],
    ["0", 0],
    ["-2s", -2_000],
    ["250us", 0.25],
  ])("%s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each([
    ["5", 'time: missing unit in duration "5"'],
    ["5q", 'time: unknown unit "q" in duration "5q"'],
    ["soon", 'time: invalid duration "soon"'],
    ["", 'time: invalid duration ""'],
    ["1s2", 'time: missing unit in duration "1s2"'],
  ])("%j is refused", (text, message) => {
    expect(() => parseDuration(text)).toThrow(message);
  });
});
