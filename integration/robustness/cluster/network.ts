/** Where the members of a cluster live: all on loopback, or each in a network of its own (`namespaces.ts`). */
import { once } from "node:events";
import { createServer } from "node:net";

export interface Network {
  /** The address at which the member with this number is reached. */
  host(member: number): string;
  /** What must stand before a command so that it runs at that address. */
  prefix(member: number): readonly string[];
  /** A port at that address which nobody uses. */
  port(member: number): Promise<number>;
}

/**
 * Below the range from which Linux takes ports for outgoing connections (32768 and up): a member that is down must not
 * find its port taken when it comes back.
 */
const PORTS = { first: 15_000, count: 16_000 } as const;

/** One a cluster: a port that was given to a member which has not started yet still looks free. */
export class LoopbackNetwork implements Network {
  readonly #given = new Set<number>();

  host(): string {
    return "127.0.0.1";
  }

  prefix(): readonly string[] {
    return [];
  }

  async port(): Promise<number> {
    for (;;) {
      const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
      if (this.#given.has(port) || !(await isFree(port))) continue;
      this.#given.add(port);
      return port;
    }
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.once("listening", () => resolve(true));
  });
  server.listen(port, "127.0.0.1");
  if (!(await listening)) return false;
  server.close();
  await once(server, "close");
  return true;
}
