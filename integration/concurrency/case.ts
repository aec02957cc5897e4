/** What the cases of this folder share: a server, a client, a name of its own for every case. */
import { type Client, createClient } from "@kvorum/client";
import { afterAll, beforeAll, beforeEach, describe } from "vitest";

export interface SuiteServer {
  readonly endpoint: string;
  stop(): Promise<void>;
}

export interface Fixture {
  readonly client: Client;
  readonly endpoint: string;
  /** A name that no other case uses. */
  readonly name: string;
}

/** Runs the cases against a server, or counts them as skipped and says why. */
export function suite(
  title: string,
  start: () => Promise<SuiteServer>,
  missing: string | undefined,
  cases: (fixture: Fixture) => void,
): void {
  describe.skipIf(missing !== undefined)(`${title}${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
    let server: SuiteServer | undefined;
    let client: Client | undefined;
    let count = 0;
    const running = <T>(value: T | undefined): T => {
      if (value === undefined) throw new Error("the server is not running");
      return value;
    };
    beforeAll(async () => {
      server = await start();
      client = createClient({ endpoints: server.endpoint });
      await client.ready({ timeout: 5_000 });
    });
    afterAll(async () => {
      await client?.close();
      await server?.stop();
    });
    beforeEach(() => {
      count += 1;
    });
    cases({
      get client() {
        return running(client);
      },
      get endpoint() {
        return running(server).endpoint;
      },
      get name() {
        return `case-${count}`;
      },
    });
  });
}

/** Resolves when the condition holds; rejects after five seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 5_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not in time: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The error a promise rejects with; fails when it does not. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was expected to fail");
}
