/** The crew, run as a user runs it; and its audit, which must be able to fail. */
import type { KeyValue } from "@kvorum/client";
import { describe, expect, it } from "vitest";
import { runExample } from "../../integration/support/example.js";
import { startKvorum } from "../../integration/support/kvorum.js";
import { audit } from "./audit.js";
import type { Invoice } from "./messages.js";

describe("work-queue", () => {
  it("loses no job of a worker that is killed at work", async () => {
    const server = await startKvorum();
    try {
      const args = ["--endpoints", server.endpoint, "--workers", "3", "--orders", "20"];
      const { code, output } = await runExample("work-queue", args);
      expect(output).toMatch(/worker \d is at work on job \S+; kill -9 \d+/);
      expect(output).toMatch(/order \d+ came back and was done by worker \d, attempt 2/);
      expect(output).toContain("20 orders, 20 invoices: none lost, none twice.");
      expect(code, output).toBe(0);
    } finally {
      await server.stop();
    }
  });
});

describe("the audit", () => {
  const invoice = (order: number, version: bigint): KeyValue<Invoice> => ({
    ...{ key: String(order), keyBytes: new Uint8Array(1), createRevision: 2n, modRevision: 2n, lease: 0n, version },
    value: { order, totalCents: 1, writtenBy: "a", attempt: 1 },
  });

  it("finds nothing wrong with one invoice for each order", () => {
    expect(audit(2, [invoice(1, 1n), invoice(2, 1n)], 0)).toEqual([]);
  });

  it("tells of an order that was lost, one that was invoiced twice, and of what is left", () => {
    const wrong = ["order 1 was lost", "order 2 was invoiced 2 times", "left in the queue: 1"];
    expect(audit(2, [invoice(2, 2n)], 1)).toEqual(wrong);
  });
});
