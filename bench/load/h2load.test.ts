/** What `h2load` prints and logs, and what of it is refused. */
import { describe, expect, it } from "vitest";
import { checkSummary, readLog, spread } from "./h2load.js";

/** The lines of a summary that are read, as nghttp2 1.52 prints them. */
function summary(succeeded: number, failed: number, dataBytes: number): string {
  return [
    `requests: ${succeeded + failed} total, ${succeeded} started, ${succeeded} done, ${succeeded} succeeded, ${failed} failed, 0 errored, 0 timeout`,
    `status codes: ${succeeded} 2xx, 0 3xx, 0 4xx, 0 5xx`,
    `traffic: 994.68KB (1018553) total, 42.11KB (43122) headers (space savings 94.72%), 697.78KB (${dataBytes}) data`,
  ].join("\n");
}

describe("h2load", () => {
  it("a summary with failures, or of something else, is refused", () => {
    checkSummary(summary(100, 0, 4800));
    expect(() => checkSummary(summary(99, 1, 4800))).toThrow("h2load failed");
    expect(() => checkSummary("usage: h2load")).toThrow("h2load failed");
  });

  it("answers of status 200 without data are gRPC errors and refused", () => {
    expect(() => checkSummary(summary(6313, 0, 0))).toThrow("6313 answers with 0 bytes of data");
  });

  it("the log's rows are milliseconds of each call", () => {
    const log = "1795775812310271\t200\t11012\n1795775812310187\t200\t536\n";
    expect([...readLog(Buffer.from(log))]).toEqual([11.012, 0.536]);
    expect([...readLog(Buffer.from(""))]).toEqual([]);
    expect(() => readLog(Buffer.from("1795775812310271\t-1\t11012\n"))).toThrow("status -1");
  });

  it("connections are spread almost evenly", () => {
    expect(spread(10, 4)).toEqual([3, 3, 2, 2]);
    expect(spread(1, 1)).toEqual([1]);
  });
});
