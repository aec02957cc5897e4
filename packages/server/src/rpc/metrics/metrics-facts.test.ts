/** Holds what the node measures against the facts of etcd's metrics in `testdata/metrics.tsv`. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { exponential, type Measure } from "../../measures/measure-set.js";
import { NodeMeasures } from "../../measures/node-measures.js";
import { PeerMeasures } from "../../measures/peer-measures.js";
import type { NodeApi } from "../../node/api.js";
import { ABSENT_METRICS } from "./absent.js";
import { CallMeasures } from "./call-measures.js";
import { HealthMeasures } from "./health-measures.js";
import { NodeReadings } from "./node-readings.js";
import { ProcessReadings } from "./process-readings.js";

interface Fact {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly bounds: readonly number[] | undefined;
  readonly inCurrent: boolean;
  /** etcd's public dashboard or alerts read it. */
  readonly isWatched: boolean;
}

const facts: readonly Fact[] = readFileSync(new URL("../../../testdata/metrics.tsv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => {
    const [name = "", type = "", labels = "", buckets = "", , , in36 = "", , , use = ""] = line.split("\t");
    return {
      ...{ name, type, bounds: boundsOf(buckets) },
      labels: labels === "" ? [] : labels.split(","),
      inCurrent: in36 === "yes",
      isWatched: use !== "",
    };
  });

function boundsOf(text: string): readonly number[] | undefined {
  if (text === "") return undefined;
  if (text.startsWith("default ")) return text.slice("default ".length).split(" ").map(Number);
  const [start = 0, factor = 0, count = 0] = (text.split("=")[1] ?? "").split(",").map(Number);
  return exponential(start, factor, count);
}

const node = { header: { memberId: 0xabcn } } as unknown as NodeApi;
const sets = [
  ...[new NodeMeasures(), new PeerMeasures(), new CallMeasures(true), new HealthMeasures(), new ProcessReadings()],
  new NodeReadings({ node, serverVersion: "3.6.0", quotaBytes: 1 }),
];
const measures: ReadonlyMap<string, Measure> = new Map(
  sets.flatMap(({ all }) => all).map((measure) => [measure.name, measure]),
);

describe("metrics", () => {
  it("are etcd's, every one either measured or listed with the reason why not", () => {
    const current = facts.filter(({ inCurrent }) => inCurrent).map(({ name }) => name);
    expect(current.length).toBe(120);
    const told = [...measures.keys(), ...Object.keys(ABSENT_METRICS)];
    expect(new Set(told).size, "none is told twice").toBe(told.length);
    const later = facts.filter(({ inCurrent }) => !inCurrent).map(({ name }) => name);
    expect(told.filter((name) => !later.includes(name)).sort()).toEqual(current.sort());
    for (const reason of Object.values(ABSENT_METRICS)) expect(reason.length).toBeGreaterThan(20);
  });

  for (const { name, type, labels, bounds } of facts.filter((fact) => measures.has(fact.name))) {
    it(`${name} has etcd's type, labels and buckets`, () => {
      const measure = measures.get(name);
      expect({ type: measure?.type, labels: measure?.labelNames, bounds: measure?.bounds }).toEqual({
        ...{ type, labels, bounds },
      });
    });
  }

  it("that etcd's dashboard and alerts read are all there", () => {
    const watched = facts.filter(({ isWatched, inCurrent }) => isWatched && inCurrent);
    expect(watched.length).toBeGreaterThan(20);
    const missing = watched.map(({ name }) => name).filter((name) => !measures.has(name));
    expect(missing).toEqual(["up"]);
  });

  it("of handling time are there only where they are asked for", () => {
    const named = (extensive: boolean): readonly string[] => new CallMeasures(extensive).all.map(({ name }) => name);
    expect(named(true)).toContain("grpc_server_handling_seconds");
    expect(named(false)).not.toContain("grpc_server_handling_seconds");
  });
});
