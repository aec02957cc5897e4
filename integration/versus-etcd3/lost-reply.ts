/**
 * A transfer of 10 from 100/0 whose commit is applied while the answer to it is lost: the proxy lets the request through,
 * keeps the answer back, and ends the connection. Both accounts were last written by the same txn, so that nothing but the
 * lost answer can disturb the transfer.
 */
import { codec, op } from "@kvorum/client";
import { stm, type Tx } from "@kvorum/concurrency";
import { type FaultProxy, startProxy } from "../support/proxy.js";
import { errorName, type Outcome, outcomeOf, type Place, until, withEtcd3, withKvorum } from "./place.js";

export interface LostReply {
  /** What the two accounts hold in the end, `"90/10"`. */
  readonly balances: string;
  /** How often the body of the transaction ran. */
  readonly runs: number;
  /** Class of the error that the caller got; undefined where it was told of success. */
  readonly error: string | undefined;
  /** `outcome` of the request's own error, where there is one. */
  readonly outcome: string | undefined;
}

const int = codec.json<number>();

export function transferByEtcd3(place: Place): Promise<LostReply> {
  return whileReplyIsLost(place, "etcd3", (proxy, from, to, commit) =>
    withEtcd3(proxy.endpoint, (client) =>
      client.stm().transact(async (tx) => {
        const [a, b] = [await tx.get(from).number(), await tx.get(to).number()];
        await tx.put(from).value((a ?? 0) - 10);
        await tx.put(to).value((b ?? 0) + 10);
        commit();
      }),
    ),
  );
}

export function transferByKvorum(place: Place): Promise<LostReply> {
  return whileReplyIsLost(place, "kvorum", (proxy, from, to, commit) =>
    withKvorum(proxy.endpoint, (client) => stm(client, transfer(from, to, commit))),
  );
}

/** The same asked for exactly once; etcd3 has nothing like it. */
export function transferExactlyOnce(place: Place): Promise<LostReply> {
  return whileReplyIsLost(place, "once", (proxy, from, to, commit) =>
    withKvorum(proxy.endpoint, async (client) => {
      // The first write of this kind of a client also asks for its lease, and only the commit is to be lost.
      await client.put(`${place.space}once/first`, "", { retry: "exactly-once" });
      await stm(client, transfer(from, to, commit), { commit: "exactly-once" });
    }),
  );
}

function transfer(from: string, to: string, commit: () => void): (tx: Tx) => Promise<void> {
  return async (tx) => {
    const [a, b] = [await tx.get(from, int), await tx.get(to, int)];
    tx.put(from, (a ?? 0) - 10, { codec: int });
    tx.put(to, (b ?? 0) + 10, { codec: int });
    commit();
  };
}

type TransferBy = (proxy: FaultProxy, from: string, to: string, commit: () => void) => Promise<unknown>;

async function whileReplyIsLost(place: Place, name: string, transferBy: TransferBy): Promise<LostReply> {
  const [from, to] = [`${place.space}${name}/from`, `${place.space}${name}/to`];
  await place.direct.txn({ then: [op.put(from, "100"), op.put(to, "0")] });
  const balance = async (key: string): Promise<string> => (await place.direct.get(key))?.value ?? "";
  const proxy = await startProxy(place.endpoint);
  try {
    let runs = 0;
    // Called by the body after its reads: all that follows of the first run is its commit.
    const commit = (): void => {
      runs += 1;
      if (runs === 1) proxy.swallowReplies();
    };
    const ended = outcomeOf(transferBy(proxy, from, to, commit));
    await until("the commit is applied", async () => (await balance(to)) === "10");
    proxy.forward();
    proxy.cut();
    const result = await ended;
    const balances = `${await balance(from)}/${await balance(to)}`;
    return { balances, runs, error: errorName(result), outcome: requestOutcome(result) };
  } finally {
    await proxy.close();
  }
}

function requestOutcome(result: Outcome<unknown>): string | undefined {
  const cause = "error" in result ? result.error.cause : undefined;
  return (cause as { readonly outcome?: string } | undefined)?.outcome;
}
