/** Connections of engine one: each channel has one of its own. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Channel } from "../channel.js";
import type { ListenAddress } from "../server.js";
import { Echo } from "../testing/echo.js";
import { eventually } from "../testing/harness.js";
import { niceChannel } from "./channel.js";
import { createNiceServer } from "./server.js";

const cleanup: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

describe("connections", () => {
  it("two channels to one endpoint are two connections", async () => {
    const accepted: Socket[] = [];
    const endpoint = await relay(await serve(), (socket) => accepted.push(socket));
    const [first, second] = [channel(endpoint), channel(endpoint)];
    await Promise.all([first.unary(Echo.method.once, {}), second.unary(Echo.method.once, {})]);
    await first.unary(Echo.method.once, {});
    expect(accepted.length).toBe(2);
  });

  it("a channel that is closed in the turn of its first call leaves no connection behind", async () => {
    const accepted: Socket[] = [];
    const endpoint = await relay(await serve(), (socket) => accepted.push(socket));
    const first = niceChannel(endpoint);
    const call = first.unary(Echo.method.once, {});
    await Promise.all([expect(call).rejects.toThrow("the channel is closed"), first.close()]);
    // Whatever the first one opens late is accepted before this one's connection.
    await channel(endpoint).unary(Echo.method.once, {});
    await eventually(() => accepted.filter(({ destroyed }) => !destroyed).length === 1, "one connection is left");
  });
});

async function serve(): Promise<number> {
  const server = createNiceServer();
  server.add(Echo, { once: (note) => note });
  const { address } = await server.listen({ host: "127.0.0.1", port: 0 });
  cleanup.push(() => server.close());
  return portOf(address);
}

/** A relay that shows each connection made through it. */
async function relay(port: number, accepted: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    accepted(socket);
    const onward = connect(port, "127.0.0.1");
    for (const [end, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      end.on("error", () => {});
      end.on("close", () => other.destroy());
    }
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup.push(() => new Promise((resolve) => server.close(() => resolve())));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function channel(endpoint: string): Channel {
  const opened = niceChannel(endpoint);
  cleanup.push(() => opened.close());
  return opened;
}

function portOf(address: ListenAddress): number {
  return "port" in address ? address.port : 0;
}
