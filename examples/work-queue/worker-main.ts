/**
 * One worker of the crew: claims orders, works, and acknowledges each together with its invoice. Arguments: endpoints, name of
 * the queue, own name. SIGTERM makes it finish what it has begun and end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { codec, createClient } from "@kvorum/client";
import { WorkQueue } from "@kvorum/concurrency/recipes";
import { tell } from "../shared/worker.js";
import { type Invoice, type Order, TTL_SECONDS, type WorkMessage } from "./messages.js";

const [endpoints = "", name = "", me = ""] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
// Without its parent there is nobody to work for.
process.once("disconnect", () => stop.abort());

await using client = createClient({ endpoints });
await using orders = new WorkQueue<Order>(client, `${name}/orders`, { codec: codec.json<Order>(), ttl: TTL_SECONDS });
const invoices = client.withCodec(codec.json<Invoice>());
await client.ready();
tell<WorkMessage>({ kind: "ready" });

for await (const job of orders.jobs({ signal: stop.signal })) {
  // Whatever is thrown from here on, the job goes back when it leaves this scope without an end.
  await using order = job;
  const { number, workMs } = order.value;
  tell<WorkMessage>({ kind: "began", job: order.id, workMs });
  await sleep(workMs);
  const invoice: Invoice = { order: number, totalCents: number * 1_990, writtenBy: me, attempt: order.attempt };
  // One step: the invoice is written if, and only if, the order is still this worker's, and then the order is gone.
  await order.ack({ then: [invoices.op.put(`${name}/invoices/${number}`, invoice)] });
  tell<WorkMessage>({ kind: "done", job: order.id });
}
if (process.connected) process.disconnect?.();
