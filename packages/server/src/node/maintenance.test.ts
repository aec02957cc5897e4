/** What replaces the backend as a whole: one at a time, and never after a failure; new content with everything standing still. */
import { describe, expect, it } from "vitest";
import type { Backend } from "../core/mvcc/backend.js";
import { NO_FAILPOINTS } from "../io/no-failpoints.js";
import type { ApplyLoop } from "./apply-loop.js";
import type { BackendWriter } from "./backend-writer.js";
import { Maintenance } from "./maintenance.js";

interface Scene {
  readonly maintenance: Maintenance;
  /** What happened, in order. */
  readonly events: string[];
  readonly errors: unknown[];
  /** Ends the defragmentation that is under way. */
  finish(error?: Error): void;
}

function scene(): Scene {
  const events: string[] = [];
  const errors: unknown[] = [];
  let settle: (error?: Error) => void = () => {};
  const note = (event: string) => (): void => {
    events.push(event);
  };
  const defragment = (): Promise<void> => {
    events.push("defragment");
    return new Promise((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error));
    });
  };
  const pause = async (): Promise<void> => {
    events.push("writer paused");
  };
  const maintenance = new Maintenance({
    backend: { defragment } as unknown as Backend,
    backendWriter: { pause, resume: note("writer goes on"), measureSize: note("measured") } as unknown as BackendWriter,
    applyLoop: { pause: note("apply paused"), resume: note("apply goes on") } as unknown as ApplyLoop,
    clock: { nowMs: () => 0 },
    failpoints: NO_FAILPOINTS,
    onError: (error) => errors.push(error),
  });
  return { maintenance, events, errors, finish: (error) => settle(error) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const STILL = ["apply paused", "writer paused"];
const ON = ["writer goes on", "apply goes on"];

describe("maintenance", () => {
  it("lets a snapshot's installation wait until a defragmentation is over", async () => {
    const { maintenance, events, finish } = scene();
    const defragmented = maintenance.defragment();
    const installed = maintenance.exclusively(async () => {
      events.push("install");
    });
    await turn();
    // The service goes on meanwhile.
    expect(events).toEqual(["defragment"]);
    finish();
    await Promise.all([defragmented, installed]);
    expect(events).toEqual(["defragment", "measured", ...STILL, "install", ...ON]);
  });

  it("fails the node when it fails, and leaves everything standing: which content is in place is not known", async () => {
    const { maintenance, events, errors, finish } = scene();
    const defragmented = maintenance.defragment();
    const installed = maintenance.exclusively(() => Promise.reject(new Error("ENOSPC")));
    await turn();
    finish(new Error("EIO"));
    await expect(defragmented).rejects.toThrow("EIO");
    await expect(installed).rejects.toThrow("ENOSPC");
    expect(errors).toMatchObject([{ message: "EIO" }, { message: "ENOSPC" }]);
    expect(events).toEqual(["defragment", ...STILL]);
  });

  it("begins nothing once it is stopped, and waits for what runs", async () => {
    const { maintenance, events, finish } = scene();
    const running = maintenance.defragment();
    await turn();
    let stopped = false;
    const stopping = maintenance.stop().then(() => {
      stopped = true;
    });
    await turn();
    expect(stopped).toBe(false);
    finish();
    await Promise.all([running, stopping]);
    await expect(maintenance.defragment()).rejects.toMatchObject({ reason: "stopped" });
    expect(events.filter((event) => event === "defragment")).toHaveLength(1);
  });
});
