/** The same transfer with no fault at all, over two accounts that were last written at different revisions. */
import { codec } from "@kvorum/client";
import { stm } from "@kvorum/concurrency";
import { errorName, outcomeOf, type Place, withEtcd3, withKvorum } from "./place.js";

export interface Ages {
  readonly balances: string;
  /** How often the body of the transaction ran. */
  readonly runs: number;
  readonly error: string | undefined;
}

const int = codec.json<number>();

export async function agesByEtcd3(place: Place): Promise<Ages> {
  const [from, to] = await accounts(place, "etcd3");
  let runs = 0;
  const ended = await outcomeOf(
    withEtcd3(place.endpoint, (client) =>
      client.stm().transact(async (tx) => {
        runs += 1;
        const [a, b] = [await tx.get(from).number(), await tx.get(to).number()];
        await tx.put(from).value((a ?? 0) - 10);
        await tx.put(to).value((b ?? 0) + 10);
      }),
    ),
  );
  return { balances: await balances(place, from, to), runs, error: errorName(ended) };
}

export async function agesByKvorum(place: Place): Promise<Ages> {
  const [from, to] = await accounts(place, "kvorum");
  let runs = 0;
  const ended = await outcomeOf(
    withKvorum(place.endpoint, (client) =>
      stm(client, async (tx) => {
        runs += 1;
        const [a, b] = [await tx.get(from, int), await tx.get(to, int)];
        tx.put(from, (a ?? 0) - 10, { codec: int });
        tx.put(to, (b ?? 0) + 10, { codec: int });
      }),
    ),
  );
  return { balances: await balances(place, from, to), runs, error: errorName(ended) };
}

async function accounts(place: Place, name: string): Promise<[string, string]> {
  const [from, to] = [`${place.space}${name}/from`, `${place.space}${name}/to`];
  await place.direct.put(from, "100");
  await place.direct.put(to, "0");
  return [from, to];
}

async function balances(place: Place, from: string, to: string): Promise<string> {
  return `${(await place.direct.get(from))?.value}/${(await place.direct.get(to))?.value}`;
}
