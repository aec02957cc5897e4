/** Sizes and durations, with what Go prints of the same numbers. */
import { expect, it } from "vitest";
import { goDuration, hexColumn, humanBytes } from "./go-text.js";

it("sizes are those of etcdctl, a half to the even side included", () => {
  const sizes: readonly (readonly [number | bigint, string])[] = [
    ...([
      [0, "0 B"],
      [9, "9 B"],
      [10, "10 B"],
      [999, "999 B"],
      [1_000, "1.0 kB"],
      [1_550, "1.6 kB"],
    ] as const),
    ...([
      [20_480, "20 kB"],
      [21_500, "22 kB"],
      [28_672, "29 kB"],
      [999_999, "1000 kB"],
      [2_147_483_648n, "2.1 GB"],
    ] as const),
  ];
  for (const [bytes, text] of sizes) expect(humanBytes(bytes)).toBe(text);
});

it("durations have the unit that fits and no zeros at the end", () => {
  const durations: readonly (readonly [number, string])[] = [
    ...([
      [0, "0s"],
      [0.0005, "500ns"],
      [0.85, "850µs"],
      [1.230456, "1.230456ms"],
      [100, "100ms"],
    ] as const),
    ...([
      [1_000, "1s"],
      [1_500, "1.5s"],
      [62_500, "1m2.5s"],
      [3_600_000, "1h0m0s"],
    ] as const),
  ];
  for (const [milliseconds, text] of durations) expect(goDuration(milliseconds)).toBe(text);
});

it("ids stand in a column of sixteen", () => {
  expect(hexColumn(0xabcn)).toBe("             abc");
});
