/**
 * A process that is stopped for longer than its lease lives. Whatever of it runs first after that must not take the lease for
 * its own: not a timer, not an answer that waited in the socket, not a loop that never gave timers a chance.
 */
import { constants } from "node:os";
import { type Client, createClient } from "@kvorum/client";
import { startNode } from "@kvorum/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, untilPrinted } from "../support/example.js";
import { type RunningProcess, startProcess } from "../support/process.js";

/** The built package; tests run after a build. */
const CLIENT = new URL("../../packages/client/dist/index.js", import.meta.url).href;

/** Holds a lease, and says what it thinks of it as soon as it notices that a second is missing. */
const HOLDER = `
  const { CLIENT, ENDPOINT, KEY, MODE } = process.env;
  const { createClient } = await import(CLIENT);
  const client = createClient({ endpoints: ENDPOINT });
  const lease = await client.lease.keep({ ttl: 2 });
  await client.put(KEY, "held", { lease });
  let last = performance.now();
  let states = [];
  const look = () => {
    // In this order: a stop between the two must not pass an answer of before for one of after.
    const now = performance.now();
    const state = lease.state;
    if (now - last > 1_000) states = [state];
    else if (states.length > 0) states.push(state);
    last = now;
  };
  const tell = () => {
    let thrown = "nothing";
    try { lease.assertActive(); } catch (error) { thrown = error.name; }
    console.log("woke " + states[0] + " " + states.includes("active") + " " + thrown + " " + lease.signal.reason?.name);
    process.exit();
  };
  console.log("holding");
  if (MODE === "timers") {
    setInterval(() => { look(); if (states.length > 20) tell(); }, 10);
  } else {
    // A renewal first; then nothing but this loop runs any more. Whoever reads the word may stop the process before the next line.
    setTimeout(() => { last = performance.now(); console.log("looping"); while (states.length < 1_000) look(); tell(); }, 1_000);
  }
`;

describe("a process that is stopped for longer than its lease lives", () => {
  let node: Awaited<ReturnType<typeof startNode>>;
  let client: Client;
  const holders: RunningProcess[] = [];

  beforeAll(async () => {
    node = await startNode();
    client = createClient({ endpoints: node.endpoints });
  });
  afterAll(async () => {
    for (const holder of holders) await holder.stop("SIGKILL");
    await client?.close();
    await node?.close();
  });

  it.concurrent.each([
    ["timers", "holding"],
    ["a loop", "looping"],
  ])("learns of the loss before anything else, seen by %s", async (mode, begun) => {
    const key = `held by ${mode}`;
    const holder = await startProcess(process.execPath, ["--input-type=module", "--eval", HOLDER], {
      CLIENT,
      ENDPOINT: node.endpoints[0] ?? "",
      KEY: key,
      MODE: mode,
    });
    holders.push(holder);
    await untilPrinted(holder, new RegExp(begun));
    expect(await client.get(key)).toMatchObject({ value: "held" });
    process.kill(holder.pid, constants.signals.SIGSTOP);
    // The server has given it up: from here on another may have it.
    await eventually(async () => (await client.get(key)) === undefined, 20_000);
    process.kill(holder.pid, constants.signals.SIGCONT);
    expect(await untilPrinted(holder, /woke .*/)).toBe("woke lost false LeaseLostError LeaseLostError");
  });
});
