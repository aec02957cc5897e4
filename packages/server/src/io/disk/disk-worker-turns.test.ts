/** Late notifications between the main thread and the disk worker: none is taken for a request or for an answer. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CONTROL_LENGTH, Control, type DiskWorkerData, Operation } from "./disk-worker-protocol.js";
import { awaitRequest, awaitResponse } from "./disk-worker-turns.js";

const newControl = (): Int32Array => new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH));

function answer(control: Int32Array, number: number): void {
  Atomics.store(control, Control.response, number);
  Atomics.notify(control, Control.response);
}

/** Wakes whoever waits, as soon as somebody does, without telling anything new. */
async function notifyLate(control: Int32Array, place: number): Promise<void> {
  while (Atomics.notify(control, place) === 0) await new Promise((resolve) => setImmediate(resolve));
}

describe("the main thread", () => {
  it("takes a late notification of the answer before for nothing", async () => {
    const control = newControl();
    answer(control, 1);
    let answered = false;
    const second = awaitResponse(control, 2).then(() => {
      answered = true;
    });
    for (let i = 0; i < 3; i++) {
      await notifyLate(control, Control.response);
      await new Promise((resolve) => setImmediate(resolve));
      expect(answered).toBe(false);
    }
    answer(control, 2);
    await second;
  });

  it("sees an answer that came before it waited, also where the numbers wrap around", async () => {
    const control = newControl();
    for (const number of [1, 2 ** 31 - 1, -(2 ** 31)]) {
      answer(control, number);
      await awaitResponse(control, number);
    }
  });

  it("stops at an answer that no request asked for", async () => {
    const control = newControl();
    answer(control, 7);
    await expect(awaitResponse(control, 9)).rejects.toThrow("response 7 is awaited before response 9");
  });
});

describe("the worker", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "kvorum-turns-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it("executes a request once, however often it is woken", async () => {
    const control = newControl();
    const data = new Uint8Array(new SharedArrayBuffer(16));
    const workerData: DiskWorkerData = {
      control: control.buffer as SharedArrayBuffer,
      data: data.buffer as SharedArrayBuffer,
      postMessages: false,
    };
    const built = new URL("../../../dist/io/disk/disk-worker.js", import.meta.url);
    const worker = new Worker(built, { workerData, execArgv: [] });
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    const path = join(directory, "f");
    writeFileSync(path, "");
    const fileDescriptor = openSync(path, "r+");
    let requests = 0;
    const request = async (operation: Operation, text: string): Promise<void> => {
      data.set(new TextEncoder().encode(text));
      control[Control.operation] = operation;
      control[Control.fileDescriptor] = fileDescriptor;
      control[Control.length] = text.length;
      Atomics.store(control, Control.request, ++requests);
      Atomics.notify(control, Control.request);
      await awaitResponse(control, requests);
    };

    await request(Operation.write, "first");
    expect(readFileSync(path, "utf8")).toBe("first");
    writeSync(fileDescriptor, "other", 0);
    for (let i = 0; i < 3; i++) await notifyLate(control, Control.request);
    await request(Operation.dataSync, "");
    expect(readFileSync(path, "utf8")).toBe("other");

    await request(Operation.quit, "");
    await ended;
    closeSync(fileDescriptor);
  });

  it("stops when a request was overwritten before it was seen", () => {
    const control = newControl();
    Atomics.store(control, Control.request, 6);
    expect(() => awaitRequest(control, 4)).toThrow("request 6 follows request 4");
  });
});
