/** Is every order invoiced, and none twice? Judged by what is stored, not by what the workers said. */
import type { KeyValue } from "@kvorum/client";
import type { Invoice } from "./messages.js";

/** What is wrong; empty where nothing is. An invoice that was written twice has a second version. */
export function audit(orders: number, invoices: readonly KeyValue<Invoice>[], left: number): string[] {
  const found = new Map(invoices.map((kv) => [kv.value.order, kv]));
  const wrong: string[] = [];
  for (let order = 1; order <= orders; order += 1) {
    const invoice = found.get(order);
    if (invoice === undefined) wrong.push(`order ${order} was lost`);
    else if (invoice.version !== 1n) wrong.push(`order ${order} was invoiced ${invoice.version} times`);
  }
  if (left > 0) wrong.push(`left in the queue: ${left}`);
  return wrong;
}
