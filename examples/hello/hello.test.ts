/** hello, run as a user runs it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../../integration/support/etcd.js";
import { runExample } from "../../integration/support/example.js";
import { startKvorum } from "../../integration/support/kvorum.js";
import { freePort } from "../../integration/support/process.js";

describe("hello", () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startKvorum();
  });

  afterAll(() => server.stop());

  it("writes and reads a key of the cluster it is given", async () => {
    const { code, output } = await runExample("hello", ["--endpoints", server.endpoint]);
    expect(output).toContain("hello = world");
    expect(output).toContain(server.endpoint);
    expect(code).toBe(0);
  });

  it("takes the cluster from ETCD_ENDPOINTS", async () => {
    const { output } = await runExample("hello", [], { ETCD_ENDPOINTS: server.endpoint });
    expect(output).toContain(server.endpoint);
  });

  it("starts a node of its own where no cluster is named", async () => {
    const { code, output } = await runExample("hello");
    expect(output).toMatch(/^hello = world {3}\(revision 2, /);
    expect(code).toBe(0);
  });

  it("says in one line that nobody answers", async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const { code, output } = await runExample("hello", ["--endpoints", nobody]);
    expect(output).toBe(`hello: no answer from ${nobody} within 5 s\n`);
    expect(code).toBe(1);
  });

  it("names a flag that does not exist", async () => {
    const { code, output } = await runExample("hello", ["--endpoint", "x"]);
    expect(output).toMatch(/^hello: .*--endpoint/);
    expect(code).toBe(2);
  });
});
