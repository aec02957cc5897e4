/** Money moved between accounts by many at once: transactions that repeat on conflict, and a sum that never changes. */
import { type Codec, codec, prefix } from "@kvorum/client";
import { stm } from "@kvorum/concurrency";
import { expect, type Stage, type Step } from "../stage.js";

const ACCOUNTS = ["ada", "ben", "cleo", "dov"];
const EACH = 100;
const TRANSFERS = 40;
const WORKERS = 8;
const amount: Codec<number> = codec.json<number>();

export const stmTransfer: Step = {
  title: "Transfers under contention",
  async play(stage) {
    const accounts = stage.client.namespace("accounts/").withCodec(amount);
    await Promise.all(ACCOUNTS.map((name) => accounts.put(name, EACH)));
    const attempts = await stage.ask(
      `${TRANSFERS} transfers, ${WORKERS} at a time`,
      () => transferAll(stage),
      (total) => `all done in ${total} attempts`,
    );
    const { kvs } = await stage.ask(
      'list(prefix("accounts/"))',
      () => accounts.list(prefix("")),
      (list) => list.kvs.map(({ key, value }) => `${key} ${value}`).join(", "),
    );
    const sum = kvs.reduce((total, { value }) => total + value, 0);
    expect(sum === EACH * ACCOUNTS.length, `the sum is still ${EACH * ACCOUNTS.length}, not ${sum}`);
    expect(
      kvs.every(({ value }) => value >= 0),
      "nobody is overdrawn",
    );
    const tooMuch = await stage.ask(
      "a transfer of more than there is",
      () =>
        transfer(stage, "ada", "ben", 10_000).then(
          () => "done",
          (error: Error) => error.message,
        ),
      (message) => message,
    );
    expect(tooMuch === "insufficient funds", "a body that throws writes nothing");
    return `sum unchanged, ${attempts - TRANSFERS} conflicts repeated`;
  },
};

async function transferAll(stage: Stage): Promise<number> {
  let next = 0;
  let attempts = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < TRANSFERS; i = next++) {
      const from = ACCOUNTS[i % ACCOUNTS.length] ?? "";
      const to = ACCOUNTS[(i + 1) % ACCOUNTS.length] ?? "";
      const made = await transfer(stage, from, to, 5);
      attempts += made;
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  return attempts;
}

/** Resolves with the number of attempts. Errors: `insufficient funds`, and then nothing was written. */
async function transfer(stage: Stage, from: string, to: string, value: number): Promise<number> {
  const result = await stm(stage.client.namespace("accounts/"), async (tx) => {
    const [source = 0, target = 0] = [await tx.get(from, amount), await tx.get(to, amount)];
    if (source < value) throw new Error("insufficient funds");
    tx.put(from, source - value, { codec: amount });
    tx.put(to, target + value, { codec: amount });
  });
  return result.attempts;
}
