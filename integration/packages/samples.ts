/** What a user's project consists of: one program twice, as an ES module and as CommonJS, and files for the compiler. */

/** Put, get and watch against an embedded node; `load` is how the packages come in. Prints one line. */
const program = `
  const node = await startNode();
  const client = createClient({ endpoints: node.endpoints });
  const { header } = await client.put("greeting", "hello");
  const kv = await client.get("greeting");
  const seen = [];
  for await (const event of client.watch(prefix("greet"), { startRevision: header.revision })) {
    seen.push(event.type, event.kv.key, event.kv.value);
    break;
  }
  const lock = await new Mutex(client, "lock").lock();
  await lock.unlock();
  console.log(kv.value, ...seen, lock.fencingToken > header.revision);
  await client.close();
  await node.close();
`;

export const PRINTED = "hello put greeting hello true\n";

export const MODULE = `
import { createClient, prefix } from "@kvorum/client";
import { Mutex } from "@kvorum/concurrency";
import { startNode } from "@kvorum/server";
${program}`;

export const COMMONJS = `
const { createClient, prefix } = require("@kvorum/client");
const { Mutex } = require("@kvorum/concurrency");
const { startNode } = require("@kvorum/server");
(async () => {${program}})();
`;

/** Loads each specifier and prints what it exports, `@kvorum/client 42`. */
export function loadAll(specifiers: readonly string[], load: "import" | "require"): string {
  const expression = load === "import" ? "await import(name)" : "require(name)";
  return `for (const name of ${JSON.stringify(specifiers)}) console.log(name, Object.keys(${expression}).length);\n`;
}

/** What a user writes. */
export const TYPED = `
import { codec, createClient, type KeyValue, op, prefix, type WatchEvent } from "@kvorum/client";
import { createSession, Election, Mutex, stm } from "@kvorum/concurrency";
import { startNode } from "@kvorum/server";

export async function main(): Promise<void> {
  await using node = await startNode();
  await using client = createClient({ endpoints: node.endpoints });
  const numbers = client.withCodec(codec.json<number>());
  const kv: KeyValue<number> | undefined = await numbers.get("a");
  const revision: bigint | undefined = kv?.modRevision;
  const { succeeded, responses } = await client.txn({ then: [op.get("a"), op.put("b", "c")] });
  if (succeeded) console.log(revision, responses[0]?.value.length);
  await using session = await createSession(client, { ttl: 10 });
  await using lock = await new Mutex(session, "lock").lock({ timeout: 1_000 });
  const leader = await new Election(client, "election").leader();
  const { value } = await stm(client, async (tx) => (await tx.get("a"))?.length ?? 0);
  console.log(lock.fencingToken + 1n, leader?.value.length, value + 1);
  for await (const event of client.watch(prefix("a"))) console.log(textOf(event));
}

function textOf(event: WatchEvent<string>): string {
  return event.type === "put" ? event.kv.value : event.type;
}
`;

/** The same from a CommonJS file. */
export const TYPED_COMMONJS = `
import kvorum = require("@kvorum/client");

export const client: kvorum.Client = kvorum.createClient({ endpoints: "http://127.0.0.1:2379" });
`;

/** One mistake a line. That they are seen shows that types arrive as themselves, and not as `any`. */
export const WRONG = `
import { type Client, createClient, type KeyValue } from "@kvorum/client";
export const revision = (kv: KeyValue<string>): number => kv.modRevision;
export const client: Client = createClient({ endpoint: "http://127.0.0.1:2379" });
`;

/** As the compiler has it: the mistakes are in lines 3 and 4. */
export const MISTAKES = /^wrong\.ts\(3,\d+\): error TS2322: [^\n]*\nwrong\.ts\(4,\d+\): error TS2561: [^\n]*\n$/;

/** Every specifier has types. */
export function typedImports(specifiers: readonly string[]): string {
  const lines = specifiers.map((name, i) => `import * as m${i} from "${name}";`);
  return `${lines.join("\n")}\nexport default [${specifiers.map((_, i) => `m${i}`).join(", ")}];\n`;
}
