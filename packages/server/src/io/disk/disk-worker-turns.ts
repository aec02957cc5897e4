/**
 * Whose turn it is between the main thread and the disk worker. A waiter that wakes up has learnt nothing: a notification
 * can arrive late, after its waiter saw the new number by itself and went on to wait for the next one. So the number alone
 * counts, and both sides look at it again after every wake-up.
 */
import { invariant } from "../../core/invariant.js";
import { Control } from "./disk-worker-protocol.js";

// ES2024; typed here because the compiler's library is ES2023.
interface WaitAsync {
  waitAsync?(array: Int32Array, index: number, value: number): { readonly value: Promise<unknown> | string };
}
const { waitAsync } = Atomics as WaitAsync;

/** Whether this Node can wait on shared memory without blocking its thread. */
export const CAN_WAIT_ASYNC: boolean = waitAsync !== undefined;

export function successor(number: number): number {
  return (number + 1) | 0;
}

/** Blocks the thread until the request after `handled` is there, and returns its number. */
export function awaitRequest(control: Int32Array, handled: number): number {
  for (;;) {
    const request = Atomics.load(control, Control.request);
    if (request !== handled) {
      invariant(request === successor(handled), `request ${request} follows request ${handled}`);
      return request;
    }
    Atomics.wait(control, Control.request, handled);
  }
}

/** Resolves when request `number` has been answered. */
export async function awaitResponse(control: Int32Array, number: number): Promise<void> {
  for (;;) {
    const response = Atomics.load(control, Control.response);
    if (response === number) return;
    invariant(successor(response) === number, `response ${response} is awaited before response ${number}`);
    await waitAsync?.(control, Control.response, response).value;
  }
}
