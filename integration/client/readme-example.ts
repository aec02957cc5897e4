/** The example of the client's README, so that it is compiled and run. `readme.test.ts` holds the two against each other. */
import { codec, compare, createClient, op, prefix } from "@kvorum/client";

export async function example(endpoint: string, console: { log(...parts: unknown[]): void }): Promise<boolean> {
  await using client = createClient({ endpoints: [endpoint], namespace: "app/" });
  const numbers = client.withCodec(codec.json<number>());
  const { header } = await numbers.put("jobs", 4);
  const raised = await numbers.compareAndSet("jobs", header.revision, 5);

  await using lease = await client.lease.keep({ ttl: 10 });
  await client.txn({ if: [compare.version("me").eq(0)], then: [op.put("me", "here", { lease })] });

  await using watch = client.watch(prefix(""), { startRevision: header.revision });
  for await (const event of watch) {
    if (event.type === "put") console.log(event.kv.key, event.kv.value);
    if (event.type === "put" && event.kv.key === "me") break;
  }
  return raised.ok;
}
