/**
 * Floods of HTTP/2 on the port for clients and the one for members. Each is sent as fast as the node takes it and for as long
 * as it is allowed to; afterwards the node has served others all along, has not stood still and has not grown.
 */
import { KV, Peer } from "@kvorum/proto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { block, callFields, END_HEADERS, END_STREAM, FRAME, frame } from "../fuzz/http2.js";
import { RawConnection } from "./raw-connection.js";
import { AttackedNode } from "./target.js";

const FLOOD_FRAMES = 50_000;
const BATCH = 250;
const NOTHING = Buffer.alloc(0);

let attacked: AttackedNode;
beforeAll(async () => {
  attacked = await AttackedNode.start();
});
afterAll(() => attacked?.[Symbol.asyncDispose]());

const connections: RawConnection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  await attacked.unharmed();
});

async function open(port: number, settings?: Buffer): Promise<RawConnection> {
  const connection = await RawConnection.open(port, settings);
  connections.push(connection);
  return connection;
}

const portFor = (side: "clients" | "members"): number =>
  side === "clients" ? attacked.node.port : attacked.node.peerPort;

const range = block(callFields(`/${KV.typeName}/Range`));
const unknown = block(callFields("/no.Such/Method"));

/** The frames of the i-th step of a flood. */
type Flood = (i: number) => Buffer;

const streamOf = (i: number): number => 2 * i + 1;

const rapidReset =
  (headers: Buffer): Flood =>
  (i) =>
    Buffer.concat([
      frame(FRAME.headers, END_HEADERS, streamOf(i), headers),
      frame(FRAME.reset, 0, streamOf(i), Buffer.of(0, 0, 0, 8)),
    ]);
/** By a method that the port has: a call of another one is over before its reset comes. */
const RAPID_RESET = {
  clients: rapidReset(range),
  members: rapidReset(block(callFields(`/${Peer.typeName}/${Peer.method.describe.name}`))),
};

const FLOODS: Readonly<Record<string, Flood>> = {
  "CVE-2023-44487: streams that are opened and reset at once": RAPID_RESET.clients,
  "streams of a method that there is not, opened and reset at once": rapidReset(unknown),
  // A header block without an end.
  "CVE-2024-27983, CVE-2024-28182: CONTINUATION": (i) =>
    i === 0
      ? frame(FRAME.headers, 0, 1, range)
      : frame(FRAME.continuation, 0, 1, Buffer.alloc(i % 2 === 0 ? 0 : 500, 0x40)),
  PING: (i) => frame(FRAME.ping, 0, 0, Buffer.alloc(8, i % 256)),
  "acknowledgements of PING": (i) => frame(FRAME.ping, 1, 0, Buffer.alloc(8, i % 256)),
  // A table of headers that changes its size.
  SETTINGS: (i) => frame(FRAME.settings, 0, 0, Buffer.of(0, 1, 0, 0, i % 16, 0)),
  "SETTINGS without a setting": () => frame(FRAME.settings, 0, 0, NOTHING),
  PRIORITY: (i) => frame(FRAME.priority, 0, streamOf(i), Buffer.of(0, 0, 0, 0, 1)),
  "WINDOW_UPDATE of the connection": () => frame(FRAME.windowUpdate, 0, 0, Buffer.of(0, 0, 0, 1)),
  "CVE-2026-21714: WINDOW_UPDATE that overflows the connection": () =>
    frame(FRAME.windowUpdate, 0, 0, Buffer.of(0x7f, 0xff, 0xff, 0xff)),
  "DATA without data": (i) =>
    i === 0 ? frame(FRAME.headers, END_HEADERS, 1, range) : frame(FRAME.data, 0, 1, NOTHING),
  "frames of a type that there is not": (i) => frame(200, 0, 0, Buffer.alloc(i % 100)),
};

async function send(connection: RawConnection, flood: Flood): Promise<number> {
  let i = 0;
  while (i < FLOOD_FRAMES && !connection.closed) {
    await connection.write(Buffer.concat(Array.from({ length: BATCH }, () => flood(i++))));
  }
  return i;
}

describe.each(["clients", "members"] as const)("on the port for %s, a flood of", (side) => {
  it.each(Object.entries(FLOODS))("%s", async (_name, flood) => {
    const sending = open(portFor(side), NOTHING).then((connection) => send(connection, flood));
    let [over, served] = [false, 0];
    void sending.finally(() => {
      over = true;
    });
    do {
      await attacked.channel.unary(KV.method.range, { key: Buffer.from("alive") });
      served++;
    } while (!over);
    expect(await sending).toBeGreaterThan(0);
    expect(served).toBeGreaterThan(0);
  });
});

describe("connections that hold something back", () => {
  it("take no memory by asking for large values with a window of nothing", async () => {
    const value = Buffer.alloc(1 << 20, "x");
    await attacked.channel.unary(KV.method.put, { key: Buffer.from("large"), value });
    await attacked.begin();
    // SETTINGS_INITIAL_WINDOW_SIZE = 0
    const connection = await open(attacked.node.port, Buffer.of(0, 4, 0, 0, 0, 0));
    const request = Buffer.concat([Buffer.of(0, 0, 0, 0, 7, 0x0a, 5), Buffer.from("large")]);
    for (let i = 0; i < 40; i++) {
      await connection.write(
        Buffer.concat([
          frame(FRAME.headers, END_HEADERS, streamOf(i), range),
          frame(FRAME.data, END_STREAM, streamOf(i), request),
        ]),
      );
    }
    await attacked.channel.unary(KV.method.range, { key: Buffer.from("alive") });
    connection.destroy();
  });

  it("do not take it by ten thousand streams without a message", async () => {
    const connection = await open(attacked.node.port, NOTHING);
    for (let i = 0; i < 10_000 && !connection.closed; i += BATCH) {
      const frames = Array.from({ length: BATCH }, (_, j) => frame(FRAME.headers, END_HEADERS, streamOf(i + j), range));
      await connection.write(Buffer.concat(frames));
    }
    await attacked.channel.unary(KV.method.range, { key: Buffer.from("alive") });
  });

  it("are cut when they do not say what they speak, and five thousand of them at once lock nobody out", async () => {
    const idle: RawConnection[] = [];
    for (let i = 0; i < 5000; i++) idle.push(await open(attacked.node.port));
    await attacked.channel.unary(KV.method.range, { key: Buffer.from("alive") });
    expect((await fetch(`${attacked.node.endpoint}/version`)).ok).toBe(true);
    expect(idle.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(256);
  });

  it.each(["clients", "members"] as const)(
    "are cut soon after they were given up, on the port for %s",
    async (side) => {
      const startMs = performance.now();
      const connection = await open(portFor(side), NOTHING);
      await send(connection, RAPID_RESET[side]);
      await connection.untilClosed();
      expect(performance.now() - startMs, "not when the engine misses an answer to its pings").toBeLessThan(8000);
    },
  );

  it("are cut after ten seconds of a preface a byte at a time", async () => {
    const connection = await open(attacked.node.port);
    const startMs = performance.now();
    let at = 0;
    const drip = setInterval(() => void connection.write(Buffer.from("PRI * HTTP/2.0\r\n").subarray(at, ++at)), 1000);
    await connection.untilClosed();
    clearInterval(drip);
    expect(performance.now() - startMs).toBeGreaterThan(9000);
  });
});
