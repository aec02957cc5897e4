/** The model of a registry accepts what may happen and refuses what may not. */
import { describe, expect, it } from "vitest";
import { judge } from "../model.js";
import { type RegistryEvent, registryModel } from "./registry.js";

const model = registryModel({ goneMs: 10_000, healMs: 3_000 });

/** `"2000 seen a b"`: at two seconds somebody saw a and b. */
function told(...lines: readonly string[]): RegistryEvent[] {
  return lines.map((line) => {
    const [at, kind, ...addresses] = line.split(" ");
    const common = { atMs: Number(at), worker: addresses[0] ?? "observer", kind };
    return { ...common, ...(kind === "seen" ? { addresses } : { addr: addresses[0] }) } as RegistryEvent;
  });
}

const violationOf = (...lines: readonly string[]): string | undefined => judge(model, told(...lines)).violation;

describe("the model of a registry", () => {
  it.each([
    [
      [
        "0 begin a",
        "1 seen a",
        "2 registered a",
        "3 seen a",
        "9000 leave a",
        "9001 seen a",
        "9002 left a",
        "9003 seen",
      ],
    ],
    [["0 registered a", "1 died a", "9999 seen a", "10001 seen a", "20000 seen"]],
    [["0 registered a", "1 cut a", "99999 seen", "100000 healed a", "102999 seen", "103000 seen a"]],
    [["0 registered a", "5000 outage", "9000 seen", "90000 serving", "92000 seen", "93000 seen a"]],
    [["0 registered a", "1 died a", "2 outage", "50000 serving", "59999 seen a", "61000 seen"]],
  ])("accepts %j", (lines) => {
    expect(violationOf(...lines)).toBeUndefined();
  });

  it.each([
    ["was never registered", ["1 seen a"]],
    ["after it has left", ["0 registered a", "1 leave a", "2 left a", "3 seen a"]],
    ["is seen 10001 ms after it was killed", ["0 registered a", "1 died a", "10002 seen a"]],
    ["is seen 10001 ms after it was cut off", ["0 registered a", "1 cut a", "10002 seen a"]],
    ["is missing, 3001 ms", ["0 registered a", "3001 seen"]],
    ["is missing, 3001 ms", ["0 registered a", "1 cut a", "5000 healed a", "8001 seen"]],
    ["is missing, 3001 ms", ["0 registered a", "1 outage", "5000 serving", "8001 seen"]],
    ["is seen 10001 ms after it was killed", ["0 registered a", "1 died a", "2 outage", "3 serving", "10004 seen a"]],
    ["nobody has looked", ["0 registered a"]],
  ])("refuses what %s", (why, lines) => {
    expect(violationOf(...lines)).toContain(why);
  });
});
