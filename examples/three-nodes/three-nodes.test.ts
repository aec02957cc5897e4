/** The story of three nodes, played as it is without a terminal; and what the panel says. */
import { describe, expect, it } from "vitest";
import { runExample, startExample, untilPrinted } from "../../integration/support/example.js";
import { eventOf, type PanelMember, type PanelState, renderPanel, sparkline } from "./panel.js";

describe("three-nodes", () => {
  it("goes on without its leader, takes it back, and loses nothing", async () => {
    const { code, output } = await runExample("three-nodes");
    const [, first, term] = /(n\d) leads in term (\d+), the others/.exec(output) ?? [];
    const [, next, nextTerm] = /(n\d) leads in term (\d+) after/.exec(output) ?? [];
    expect(output).toContain(`kill -9 ${first}, the leader`);
    expect(next, output).not.toBe(first);
    expect(Number(nextTerm), output).toBeGreaterThan(Number(term));
    const rates = [...output.matchAll(/(\d+)\/s writes acknowledged/g)].map(([, rate]) => Number(rate));
    expect(rates, output).toHaveLength(3);
    expect(Math.min(...rates), output).toBeGreaterThan(0);
    const missing = [...output.matchAll(/(n\d): \d+ keys, (\d+) acknowledged ones missing/g)];
    expect(missing.map(([, name, count]) => `${name} ${count}`)).toEqual(["n1 0", "n2 0", "n3 0"]);
    expect(output).toMatch(/^\d+ writes acknowledged, nothing lost; .* without writes when the leader died/m);
    expect(output).not.toContain("\x1b");
    expect(code, output).toBe(0);
  }, 120_000);

  it("takes its nodes along when it is interrupted", async () => {
    const running = await startExample("three-nodes");
    const endpoint = await untilPrinted(running, /three nodes at (\S+?),/, 30_000);
    await untilPrinted(running, /kill -9 n\d/, 30_000);
    expect(await running.stop("SIGINT")).toBe(130);
    await expect(fetch(`${endpoint}/health`)).rejects.toThrow();
  }, 60_000);

  it("says what it can be told, and what it cannot", async () => {
    expect(await runExample("three-nodes", ["--help"])).toMatchObject({
      code: 0,
      output: expect.stringContaining("--script"),
    });
    expect(await runExample("three-nodes", ["--nodes=5"])).toMatchObject({
      code: 2,
      output: expect.stringContaining("--nodes"),
    });
  });
});

describe("the panel", () => {
  const view = { leads: false, follows: true, term: 3n, applied: 41n };
  const member: PanelMember = { name: "n1", endpoint: "http://127.0.0.1:1", pid: 7, running: true, view };
  const counts = { written: 9, read: 5, stale: 0, notApplied: 1, unknown: 2, readsFailed: 0 };
  const state = (members: readonly PanelMember[]): PanelState => ({
    ...{ members, counts, rates: [], perSecond: { writes: 300, reads: 150 } },
    events: Array.from({ length: 20 }, (_, i) => `event ${i}`),
  });

  it("shows every member in the state it is in", () => {
    const members = [
      { ...member, view: { ...view, leads: true } },
      member,
      { ...member, view: { ...view, follows: false } },
      { ...member, view: undefined },
      { ...member, running: false, view: undefined },
    ];
    const lines = renderPanel(state(members), (_, text) => text);
    expect(lines.slice(2, 7).map((line) => line.slice(9, 19).trim())).toEqual([
      ...["● leads", "○ follows", "? waits", "… starts", "✗ killed"],
    ]);
    expect(lines.join("\n")).toContain("300 writes/s acknowledged, 150 reads/s");
    expect(lines.join("\n")).toContain("9 writes, 3 failed (2 of them with an unknown outcome), 0 stale reads");
    expect(lines.at(-1)?.trim()).toBe("event 19");
    expect(lines).not.toContain("  event 11");
  });

  it("tells of changes, once", () => {
    const leading = { ...member, view: { ...view, leads: true, term: 4n } };
    expect(eventOf(member, leading)).toBe("n1 leads in term 4");
    expect(eventOf(leading, leading)).toBeUndefined();
    expect(eventOf({ ...member, view: undefined }, member)).toBe("n1 answers again");
    expect(eventOf(member, { ...member, view: { ...view, follows: false } })).toBe("n1 knows no leader");
    expect(eventOf(undefined, leading)).toBeUndefined();
  });

  it("draws rates as bars of the highest", () => {
    expect(sparkline([0, 4, 8]).trim()).toBe("▁▅█");
    expect(sparkline(Array.from({ length: 100 }, () => 1))).toBe("█".repeat(40));
  });
});
