/**
 * The thread that writes and syncs the log. It sleeps on shared memory and uses blocking calls: no event loop turn, no
 * thread pool queue, nothing else that could stand before an `fdatasync`. The process must not outlive it unnoticed: the
 * main thread treats its end as the failure of every file it serves.
 */
import { fdatasyncSync, ftruncateSync, writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { Control, type DiskWorkerData, OFFSET_BASE, Operation } from "./disk-worker-protocol.js";
import { awaitRequest } from "./disk-worker-turns.js";

const shared = workerData as DiskWorkerData;
const control = new Int32Array(shared.control);
const data = new Uint8Array(shared.data);

serve();

function serve(): void {
  let handled = 0;
  for (;;) {
    handled = awaitRequest(control, handled);
    const operation = control[Control.operation];
    control[Control.errorLength] = operation === Operation.quit ? 0 : attempt();
    Atomics.store(control, Control.response, handled);
    Atomics.notify(control, Control.response);
    if (shared.postMessages) parentPort?.postMessage(handled);
    if (operation === Operation.quit) return;
  }
}

/** Length of the error's text, 0 when all went well. */
function attempt(): number {
  try {
    execute();
    return 0;
  } catch (error) {
    const { code = "EIO", message = "unknown" } = error as { code?: string; message?: string };
    const text = new TextEncoder().encode(JSON.stringify({ code, message }));
    data.set(text);
    return text.length;
  }
}

function execute(): void {
  const fileDescriptor = control[Control.fileDescriptor] as number;
  const length = control[Control.length] as number;
  const offset = (control[Control.offsetHigh] as number) * OFFSET_BASE + (control[Control.offsetLow] as number);
  const operation = control[Control.operation];
  if (operation === Operation.write) {
    for (let done = 0; done < length; ) {
      done += writeSync(fileDescriptor, data, done, length - done, offset + done);
    }
  } else if (operation === Operation.truncate) {
    ftruncateSync(fileDescriptor, offset);
  }
  if (operation === Operation.dataSync || control[Control.sync] === 1) fdatasyncSync(fileDescriptor);
}
