/** Tables, pictures and the page they go to. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { GROUPS } from "../groups/groups.js";
import { type RunResult, workloadResult } from "../results.js";
import { fillMarkers, resultTable, targetTable } from "./markdown.js";
import { plots } from "./plots.js";
import { filled, markerOf } from "./publish.js";
import { short, ticks } from "./scale.js";

const both = ["kvorum", "etcd"];
const round = (perSecond: number, p99Ms: number) => [{ perSecond, p99Ms, serverCpuMicros: 12.5, residentMiB: 100 }];
const put = workloadResult(
  "Unary calls, one server",
  {
    name: "put",
    title: "put <of> one & all",
    how: "256 bytes",
    targets: [{ metric: "perSecond", subject: "kvorum", over: "etcd", atLeast: 2.5 }],
  },
  both,
  [round(3000, 2), round(1000, 4)],
);
const grown = [1_000, 1_000_000].map((at) =>
  workloadResult(
    "Growth",
    { name: `put-${at}`, title: `put at ${at}`, how: "", targets: [], point: { series: "put", axis: "keys", at } },
    both,
    [round(3000 - at / 1e6, 2), round(1000, 4)],
  ),
);
const run: RunResult = {
  format: 1,
  date: "2030-01-02T03:04:05.000Z",
  commit: "abc1234",
  machine: { processors: 2, processor: "P", memoryGiB: 8, system: "linux x64", fileSystem: "ext4" },
  versions: { node: "20.0.0" },
  engine: "nice",
  rounds: 1,
  seconds: 1,
  flags: ["--quota-backend-bytes", "1"],
  workloads: [put, ...grown],
};

describe("tables", () => {
  it("have a row for each subject and the paired ratio beside the first", () => {
    const [head, , ours, theirs] = resultTable([put]).split("\n");
    expect(head).toContain("| throughput |");
    expect(ours).toMatch(
      /\| \*\*put <of> one & all\*\* \| kvorum \| +3,000\/s \| +2\.00 ms .*3\.00 × \(3\.00–3\.00\) \|$/,
    );
    expect(theirs).toMatch(/\| +\| etcd +\| +1,000\/s /);
  });

  it("tell which targets are met", () => {
    expect(targetTable([put]).split("\n").at(-1)).toMatch(/throughput >= 2\.5 × etcd \| +3\.00 × \| .* yes \|$/);
  });

  it("go between their markers, again and again, and leave the rest alone", () => {
    const page = "before\n<!-- bench:targets -->\n\nold\n\n<!-- /bench:targets -->\nafter\n";
    const once = fillMarkers(page, "targets", "new");
    expect(once).toBe("before\n<!-- bench:targets -->\n\nnew\n\n<!-- /bench:targets -->\nafter\n");
    expect(fillMarkers(once, "targets", "new")).toBe(once);
    expect(fillMarkers(page, "other", "new")).toBe(page);
    expect(() => fillMarkers("<!-- bench:targets -->", "targets", "new")).toThrow("has no");
  });
});

describe("the page of the docs", () => {
  it("has a place for every group", async () => {
    const page = await readFile(new URL("../../docs/performance.md", import.meta.url), "utf8");
    for (const place of [
      "circumstances",
      "targets",
      "workloads",
      "pictures",
      ...GROUPS.map(({ title }) => markerOf(title)),
    ]) {
      expect(page).toContain(`<!-- bench:${place} -->`);
    }
  });

  it("is filled with what was measured, and shows each picture once", () => {
    const places = ["workloads", "pictures", "unary-calls-one-server", "growth"];
    const page = places.map((place) => `<!-- bench:${place} --><!-- /bench:${place} -->`).join("\n");
    const text = filled(page, run, plots(run), "plots");
    expect(text).toContain("3,000/s");
    expect(text).toMatch(/\| `put` +\| put <of> one & all \| 256 bytes \|/);
    expect([...text.matchAll(/\]\((.*?)\)/g)].map(([, file]) => file)).toEqual(
      ["throughput", "p99", "cpu", "growth-put-keys"].map((name) => `plots/${name}.svg`),
    );
  });
});

describe("pictures", () => {
  const picture = (name: string): string => plots(run).find((one) => one.name === name)?.svg ?? "";

  it("are drawn for what was measured, and bring colours for light and dark pages", () => {
    expect(plots(run)).toHaveLength(4);
    for (const { svg } of plots(run)) {
      expect(svg).toContain("prefers-color-scheme: dark");
      expect(svg).not.toContain("NaN");
    }
  });

  it("escape what they write", () => {
    expect(picture("throughput.svg")).toContain("put &lt;of&gt; one &amp; all");
  });

  it("a bar of three times the mark is three times as long as to the mark", () => {
    const bar = Number(/<rect x="330" y="62" width="([\d.]+)"/.exec(picture("throughput.svg"))?.[1]);
    const mark = Number(/<line x1="([\d.]+)" [^>]*class="mark"/.exec(picture("throughput.svg"))?.[1]);
    expect(bar / (mark - 330)).toBeCloseTo(3, 2);
  });
});

describe("scales", () => {
  it("end at a round number that is not below the largest value", () => {
    expect(ticks(3)).toEqual({ ticks: [0, 0.5, 1, 1.5, 2, 2.5, 3], end: 3 });
    expect(ticks(61_000)).toEqual({ ticks: [0, 20_000, 40_000, 60_000, 80_000], end: 80_000 });
    expect(ticks(0)).toEqual({ ticks: [0, 1], end: 1 });
    for (let most = 0.001; most < 1e7; most *= 1.37) expect(ticks(most).end).toBeGreaterThanOrEqual(most * (1 - 1e-9));
  });

  it("are written shortly", () => {
    expect([0, 0.25, 999, 1_000, 12_345, 1_000_000].map(short)).toEqual(["0", "0.25", "999", "1 k", "12.3 k", "1 M"]);
  });
});
