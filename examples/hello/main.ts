/** The smallest program: connect, write a key, read it back. */
import { createClient } from "@kvorum/client";
import { run } from "../shared/program.js";

const about = "Connects within 5 seconds, writes the key `hello` and reads it back.";

await run({ name: "hello", about, flags: {} }, async ({ endpoints }) => {
  await using client = createClient({ endpoints });
  try {
    await client.ready({ timeout: 5_000 });
  } catch (error) {
    throw new Error(`no answer from ${endpoints.join(", ")} within 5 s`, { cause: error });
  }

  await client.put("hello", "world");
  const kv = await client.get("hello");

  console.log(`${kv?.key} = ${kv?.value}   (revision ${kv?.modRevision}, from ${endpoints.join(", ")})`);
  return undefined;
});
