/** Where one comparison happens: a server, a way to it that nothing disturbs, and keys that no other comparison uses. */
import { type Client, createClient } from "@kvorum/client";
import { Etcd3 } from "etcd3";

export interface Place {
  /** `http://127.0.0.1:port` of the server itself. */
  readonly endpoint: string;
  /** Goes to the server itself, and judges what happened there. */
  readonly direct: Client;
  /** Prefix of the keys of this comparison. */
  readonly space: string;
}

/** What a call came to; nothing is thrown, for both outcomes are findings. */
export type Outcome<T> = { readonly value: T } | { readonly error: Error };

export function outcomeOf<T>(call: PromiseLike<T>): Promise<Outcome<T>> {
  return Promise.resolve(call).then(
    (value) => ({ value }),
    (error: Error) => ({ error }),
  );
}

/** Name of the error's class, or undefined where the call went well. */
export function errorName(outcome: Outcome<unknown>): string | undefined {
  return "error" in outcome ? outcome.error.constructor.name : undefined;
}

/** npm etcd3 with its default policies. */
export async function withEtcd3<T>(hosts: string | string[], body: (client: Etcd3) => Promise<T>): Promise<T> {
  const client = new Etcd3({ hosts });
  try {
    return await body(client);
  } finally {
    client.close();
  }
}

export async function withKvorum<T>(endpoints: string | string[], body: (client: Client) => Promise<T>): Promise<T> {
  await using client = createClient({ endpoints });
  return await body(client);
}

/** Polls until the check holds. Errors: when it does not within twenty seconds. */
export async function until(what: string, check: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`not in twenty seconds: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
