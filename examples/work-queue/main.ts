/** A crew of worker processes empties a queue; one is killed with a job in hand, and no job is lost. */
import { codec, createClient, prefix } from "@kvorum/client";
import { WorkQueue } from "@kvorum/concurrency/recipes";
import { run, wholeNumber } from "../shared/program.js";
import { audit } from "./audit.js";
import { Crew } from "./crew.js";
import { type Invoice, LONG_MS, type Order, WORK_MS } from "./messages.js";

const about = "Runs a crew that turns orders into invoices, kills one worker while it works, and audits the invoices.";
const flags = {
  workers: { help: "processes in the crew", default: "3" },
  orders: { help: "jobs to enqueue", default: "60" },
};
const BUSY_MS = 30_000;
const POLL_MS = 50;

await run({ name: "work-queue", about, flags }, async ({ endpoints, flags, stop }) => {
  // One is killed and the others take over.
  const workers = wholeNumber("workers", flags.workers, 2, 20);
  const count = wholeNumber("orders", flags.orders, 10, 10_000);
  // The workers are killed when this process exits.
  stop.addEventListener("abort", () => process.exit(130));

  const name = `examples/work-queue/${Date.now()}`;
  await using client = createClient({ endpoints });
  const orders = new WorkQueue<Order>(client, `${name}/orders`, { codec: codec.json<Order>() });
  await using crew = await Crew.start(endpoints, name, workers);
  for (let number = 1; number <= count; number += 1) {
    // With a key the same order is in the queue once, however often it is sent.
    const workMs = number === Math.ceil(count / 3) ? LONG_MS : WORK_MS;
    await orders.enqueue({ number, workMs }, { key: `order ${number}` });
  }
  console.log(`${workers} workers, ${count} orders\n`);

  const victim = await crew.busy(LONG_MS, BUSY_MS);
  console.log(`${victim.worker} is at work on job ${victim.job}; kill -9 ${victim.pid}`);
  await crew.kill(victim);
  while ((await orders.size()) > 0) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  await crew.dismiss();

  const { kvs } = await client.withCodec(codec.json<Invoice>()).list(prefix(`${name}/invoices/`));
  for (const { value } of kvs.filter((kv) => kv.value.attempt > 1)) {
    console.log(`order ${value.order} came back and was done by ${value.writtenBy}, attempt ${value.attempt}`);
  }
  const jobs = [...crew.done].sort(([a], [b]) => (a < b ? -1 : 1)).map(([worker, done]) => `${worker} ${done}`);
  console.log(`done: ${jobs.join(", ")}`);
  const wrong = audit(count, kvs, await orders.size());
  console.log(
    wrong.length === 0
      ? `\n${kvs.length} orders, ${kvs.length} invoices: none lost, none twice.`
      : `\n${wrong.join("\n")}`,
  );
  return wrong.length === 0 ? 0 : 1;
});
