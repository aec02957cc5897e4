/** The fleet, run as a user runs it; and the check of its timeline, which must be able to fail. */
import { describe, expect, it } from "vitest";
import { runExample } from "../../integration/support/example.js";
import { startKvorum } from "../../integration/support/kvorum.js";
import { Timeline } from "./timeline.js";

describe("leader-election", () => {
  it("hands the job over when leaders are killed, without two at a time", async () => {
    const server = await startKvorum();
    try {
      const args = ["--endpoints", server.endpoint, "--workers", "4", "--kills", "2"];
      const { code, output } = await runExample("leader-election", args);
      expect(output).toContain("Terms never overlap.");
      const terms = [...output.matchAll(/^worker \d +(\d+) .* (killed|resigned) /gm)].map(([, token, how]) => [
        Number(token),
        how,
      ]);
      expect(terms.map(([, how]) => how)).toEqual(["killed", "killed", "resigned", "resigned"]);
      const tokens = terms.map(([token]) => token as number);
      expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
      expect(code, output).toBe(0);
    } finally {
      await server.stop();
    }
  });
});

describe("the timeline", () => {
  it("finds nothing wrong with terms that follow each other", () => {
    const timeline = new Timeline();
    timeline.begin("a", 5n, 100);
    timeline.ran(5n, 6n);
    timeline.end("a", "killed", 200);
    timeline.begin("b", 7n, 200);
    timeline.ran(7n, 8n);
    expect(timeline.contradictions()).toEqual([]);
  });

  it("tells of a leader who begins before the last one has ended", () => {
    const timeline = new Timeline();
    timeline.begin("a", 5n, 100);
    timeline.begin("b", 7n, 200);
    timeline.end("a", "resigned", 201);
    expect(timeline.contradictions()).toEqual(["a and b led at the same time"]);
  });

  it("tells of tokens that do not grow and of runs that interleave", () => {
    const timeline = new Timeline();
    timeline.begin("a", 7n, 100);
    timeline.ran(7n, 12n);
    timeline.end("a", "killed", 200);
    timeline.begin("b", 5n, 200);
    timeline.ran(5n, 11n);
    expect(timeline.contradictions()).toEqual([
      "the token of b is not greater than that of a",
      "a and b: job runs interleave",
    ]);
  });
});
