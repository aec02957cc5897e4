/** A snapshot is whole or an error: what a stream that was cut or changed on the way comes to. */
import { createHash } from "node:crypto";
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { Balancer } from "../net/balancer.js";
import { type AuthOptions, Credentials } from "../net/credentials.js";
import { Endpoint } from "../net/endpoint.js";
import { Streams } from "../net/streams.js";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { type Snapshot, type SnapshotOptions, snapshotStream } from "./snapshot.js";

function setUp(options: SnapshotOptions = {}, auth?: AuthOptions) {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const endpoints = ["http://a", "http://b"].map((address) => new Endpoint(address, transport.factory, {}));
  const balancer = new Balancer(endpoints, "pick-first");
  const streams = new Streams(balancer, new Credentials(auth, balancer, clock), clock);
  return { transport, clock, snapshot: snapshotStream(streams, options) };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

const FILE = Buffer.from("a store, as a file: ".repeat(40));
const DIGEST = createHash("sha256").update(FILE).digest();

interface Part {
  readonly blob: Uint8Array;
  readonly remainingBytes: bigint;
  readonly version?: string;
}

/** The file in three messages and its digest in a fourth, as a server sends them. */
function parts(file: Uint8Array = FILE, digest: Uint8Array = DIGEST): Part[] {
  const blobs = [file.subarray(0, 300), file.subarray(300, 600), file.subarray(600)];
  return [
    ...blobs.map((blob, index) => {
      const left = Math.max(0, file.length - 300 * (index + 1));
      return { blob, remainingBytes: BigInt(left), version: "3.6.0" };
    }),
    { blob: digest, remainingBytes: 0n, version: "3.6.0" },
  ];
}

/** Reads to the end while the server sends these parts. */
async function download(
  { transport, snapshot }: ReturnType<typeof setUp>,
  sent: readonly Part[],
  end?: unknown,
): Promise<Buffer> {
  const reading = readAll(snapshot);
  reading.catch(() => undefined);
  await settle();
  for (const part of sent) transport.stream.answer({ ...part });
  transport.stream.end(end);
  return reading;
}

async function readAll(snapshot: Snapshot): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const reader = snapshot.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) chunks.push(part.value);
  return Buffer.concat(chunks);
}

describe("a snapshot", () => {
  it("is the file and its digest, byte for byte, and knows the version of its format", async () => {
    const all = setUp();
    expect(await download(all, parts())).toEqual(Buffer.concat([FILE, DIGEST]));
    expect(await all.snapshot.version).toBe("3.6.0");
  });

  it("takes a digest that comes in pieces", async () => {
    const [first, second, third] = parts();
    const tail = Buffer.concat([third?.blob ?? FILE, DIGEST]);
    const cut = [tail.subarray(0, -20), tail.subarray(-20, -5), tail.subarray(-5)];
    const sent = [first, second].flatMap((part) => part ?? []);
    const pieces = cut.map((blob, index) => ({ blob, remainingBytes: BigInt(cut.length - 1 - index) }));
    expect(await download(setUp(), [...sent, ...pieces])).toEqual(Buffer.concat([FILE, DIGEST]));
  });

  it("that ends early is an error, although the server ended it well", async () => {
    const all = setUp();
    const cut = download(all, parts().slice(0, 2));
    await expect(cut).rejects.toMatchObject({ code: "DATA_LOSS", message: "the snapshot ended early" });
  });

  it("without a single message is an error, and its version as well", async () => {
    const all = setUp();
    await expect(download(all, [])).rejects.toMatchObject({ code: "DATA_LOSS", endpoint: "http://a" });
    await expect(all.snapshot.version).rejects.toMatchObject({ code: "DATA_LOSS" });
  });

  it("that lost a message in the middle or was changed by one bit does not match its digest", async () => {
    const missing = parts().filter((_, index) => index !== 1);
    const changed = Buffer.from(FILE);
    changed[7] = (changed[7] ?? 0) ^ 1;
    const mismatch = { code: "DATA_LOSS", message: "the snapshot does not match its digest" };
    await expect(download(setUp(), missing)).rejects.toMatchObject(mismatch);
    await expect(download(setUp(), parts(changed))).rejects.toMatchObject(mismatch);
    await expect(download(setUp(), parts(FILE, DIGEST.toReversed()))).rejects.toMatchObject(mismatch);
  });

  it("fails with the server's error when the stream does", async () => {
    const failed = download(setUp(), parts().slice(0, 1), new RpcError(StatusCode.UNAVAILABLE, "connection reset"));
    await expect(failed).rejects.toMatchObject({
      code: "UNAVAILABLE",
      endpoint: "http://a",
      method: "/etcdserverpb.Maintenance/Snapshot",
    });
  });

  it("is asked for once more with a new token when the member does not know the first one", async () => {
    const tokens = ["forgotten", "fresh", "unused"];
    const all = setUp({}, { token: () => tokens.shift() ?? "none" });
    const refusal = new RpcError(StatusCode.UNAUTHENTICATED, "etcdserver: invalid auth token");
    const reading = readAll(all.snapshot);
    reading.catch(() => undefined);
    await settle();
    all.transport.stream.end(refusal);
    await settle();
    await all.clock.advance(1_000);
    await settle();
    expect(all.transport.streams.map(({ options }) => options.metadata)).toMatchObject([
      { token: "forgotten" },
      { token: "fresh" },
    ]);
    all.transport.stream.end(refusal);
    await settle();
    await all.clock.advance(1_000);
    await expect(reading).rejects.toMatchObject({ reason: "invalid-token" });
    expect(all.transport.streams).toHaveLength(2);
  });

  it("asks for nothing before it is read, and the member that was named", async () => {
    const { transport, snapshot } = setUp({ endpoint: "http://b" });
    await settle();
    expect(transport.streams).toHaveLength(0);
    void snapshot.getReader().read();
    await settle();
    expect(transport.stream).toMatchObject({ endpoint: "http://b", method: "Snapshot" });
  });

  it("is cancelled on the server by its reader, and by the signal with its reason", async () => {
    const left = setUp();
    const reader = left.snapshot.getReader();
    const reading = reader.read();
    await settle();
    await reader.cancel("enough");
    expect((await reading).done).toBe(true);
    expect(left.transport.stream.closed).toBe(true);
    await expect(left.snapshot.version).rejects.toBe("enough");

    const abort = new AbortController();
    const aborted = setUp({ signal: abort.signal });
    const waiting = aborted.snapshot.getReader().read();
    await settle();
    abort.abort("stop");
    await expect(waiting).rejects.toBe("stop");
    expect(aborted.transport.stream.closed).toBe(true);
  });
});
