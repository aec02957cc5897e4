/**
 * Bytes on the ports of a node, for clients and for members, in plain text and under TLS: frames of HTTP/2 that are nearly
 * right, requests of HTTP/1, records of TLS. Whatever becomes of the connection, the node goes on.
 */
import { KV, Peer } from "@kvorum/proto";
import { CallStage } from "./call-stage.js";
import type { Chance } from "./chance.js";
import { block, FRAME, frame, PREFACE } from "./http2.js";
import { mutated, shorter } from "./mutate.js";
import { ProbedNode, type ProbeFile } from "./probed-node.js";
import { framed } from "./raw-caller.js";
import { exchange } from "./raw-socket.js";
import type { Input, Stage, Target } from "./target.js";

/** Types up to here; some of them are none. */
const TYPE_MAX = 12;
const WAIT_MS = 150;
const PATHS = [`/${KV.typeName}/Range`, `/${Peer.typeName}/Exchange`, "/", "", "x", `/${KV.typeName}/`, "/\u00ff"];

type Port = "clients" | "members";

/** Users are switched on, so that no call that comes out of it by chance may do harm. */
class FrameStage implements Stage {
  readonly #calls: CallStage;
  readonly secure: ProbedNode;

  constructor(calls: CallStage, secure: ProbedNode) {
    this.#calls = calls;
    this.secure = secure;
  }

  static async open(probe: ProbeFile): Promise<FrameStage> {
    const calls = await CallStage.open(probe, ["nobody", "user"]);
    try {
      return new FrameStage(calls, await ProbedNode.start(probe, { tls: true }));
    } catch (error) {
      await calls[Symbol.asyncDispose]();
      throw error;
    }
  }

  get plain(): ProbedNode {
    return this.#calls.node;
  }

  get nodes(): readonly ProbedNode[] {
    return [this.plain, this.secure];
  }

  harmed(): Promise<string | undefined> {
    return this.#calls.harmed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls[Symbol.asyncDispose]();
    await this.secure[Symbol.asyncDispose]();
  }
}

export const frameTargets: readonly Target<FrameStage>[] = [
  {
    name: "frames",
    batch: { inputs: 200, lanes: 12 },
    open: FrameStage.open,
    make: (chance) => new Bytes(bytesOf(chance)),
  },
];

interface BytesInput {
  readonly port: Port;
  /** Undefined: plain text; `records`: instead of a handshake; else behind one with this protocol. */
  readonly tls: string | undefined;
  readonly parts: readonly Buffer[];
  readonly end: boolean;
}

class Bytes implements Input<FrameStage> {
  readonly #input: BytesInput;

  constructor(input: BytesInput) {
    this.#input = input;
  }

  show(): string {
    const { port, tls, parts, end } = this.#input;
    const bytes = parts.map((part) => part.toString("hex")).join(" ");
    return `to the port for ${port}${tls === undefined ? "" : ` (TLS, ${tls})`}: ${bytes}${end ? ", and an end" : ""}`;
  }

  async play({ plain, secure }: FrameStage): Promise<undefined> {
    const { port: side, tls, parts, end } = this.#input;
    const node = tls === undefined ? plain : secure;
    const port = side === "clients" ? node.port : node.peerPort;
    const handshake = tls === undefined || tls === "records" ? {} : { tls: { protocol: tls } };
    await exchange({ port, parts, end, waitMs: WAIT_MS, ...handshake });
  }

  smaller(): readonly Bytes[] {
    const all = Buffer.concat(this.#input.parts);
    return [all, ...shorter(all)].map((bytes) => new Bytes({ ...this.#input, parts: [bytes] }));
  }
}

function bytesOf(chance: Chance): BytesInput {
  const port: Port = chance.chance(0.6) ? "clients" : "members";
  const end = chance.chance(0.3);
  if (chance.chance(0.1)) return { port, end, tls: "records", parts: [recordsOf(chance)] };
  const tls = chance.chance(0.25) ? chance.pick(["h2", "http/1.1", "x"]) : undefined;
  const all = chance.chance(0.8) ? http2Of(chance) : http1Of(chance);
  const cut = chance.between(0, all.length);
  return { port, end, tls, parts: chance.chance(0.7) ? [all] : [all.subarray(0, cut), all.subarray(cut)] };
}

function http2Of(chance: Chance): Buffer {
  const frames = Array.from({ length: chance.between(0, 20) }, () => frameOf(chance));
  const settings = chance.chance(0.9) ? [frame(FRAME.settings, 0, 0, Buffer.alloc(0))] : [];
  const all = Buffer.concat([PREFACE, ...settings, ...frames]);
  return chance.chance(0.75) ? all : mutated(all, chance);
}

function frameOf(chance: Chance): Buffer {
  const streamId = chance.pick([0, 1, 1, 3, 3, 5, 2, 2 ** 31 - 1]);
  const flags = chance.chance(0.7) ? chance.pick([0, 1, 4, 5]) : chance.between(0, 255);
  if (chance.chance(0.35)) return frame(FRAME.headers, flags, streamId, headersOf(chance));
  if (chance.chance(0.3)) return frame(FRAME.data, flags, streamId, framed(chance.bytes(chance.length(200))));
  // A good many settings, updates of windows, resets and pings have four or eight bytes.
  const payload = chance.bytes(chance.pick([0, 4, 4, 5, 6, 8, 8, 12, chance.length(300)]));
  return frame(
    chance.between(0, TYPE_MAX),
    flags,
    streamId,
    payload,
    chance.chance(0.05) ? chance.between(0, 2 ** 24 - 1) : payload.length,
  );
}

function headersOf(chance: Chance): Buffer {
  const fields: [string, string][] = [
    [":method", chance.chance(0.9) ? "POST" : chance.text(9)],
    [":scheme", "http"],
    [":path", chance.chance(0.7) ? chance.pick(PATHS) : chance.text()],
    [":authority", chance.chance(0.7) ? "localhost" : chance.pick(["http://localhost", "", "a/b", "x".repeat(9000)])],
    ["content-type", chance.chance(0.9) ? "application/grpc" : chance.text()],
    ["te", "trailers"],
    ["grpc-timeout", chance.pick(["1S", "1n", "99999999H", "x", "-1S", ""])],
    ["grpc-encoding", chance.pick(["identity", "gzip", "x"])],
    [`x-${chance.between(0, 9)}-bin`, chance.text()],
    [
      chance.pick(["X-UPPER", "connection", ":late", "host", "content-length", "kvorum-certificate-name-bin"]),
      chance.text(9),
    ],
  ];
  const kept = fields.filter(() => chance.chance(0.85));
  const bytes = block(kept);
  return chance.chance(0.7) ? bytes : mutated(bytes, chance);
}

function http1Of(chance: Chance): Buffer {
  const target = chance.pick(["/version", "/metrics", "/v3/kv/range", "/", "*", `/${chance.text()}`]);
  const lines = [`${chance.pick(["GET", "POST", "PRI", "CONNECT"])} ${target} HTTP/1.${chance.between(0, 2)}`];
  for (let more = chance.between(0, 8); more > 0; more--) {
    lines.push(
      `${chance.pick(["Host", "Connection", "Upgrade", "Content-Length", "Transfer-Encoding", "X"])}: ${chance.text()}`,
    );
  }
  const all = Buffer.from(`${lines.join("\r\n")}\r\n\r\n${chance.text(100)}`);
  return chance.chance(0.5) ? all : mutated(all, chance);
}

/** A record's head (RFC 8446 §5.1) and something in it; often the beginning of a ClientHello. */
function recordsOf(chance: Chance): Buffer {
  const records = Array.from({ length: chance.between(1, 5) }, () => {
    const hello = Buffer.concat([Buffer.of(1, 0, 0, chance.between(0, 255), 3, 3), chance.bytes(chance.length(400))]);
    const body = chance.chance(0.7) ? hello : chance.bytes(chance.length(600));
    const length = chance.chance(0.9) ? body.length : chance.between(0, 0xffff);
    return Buffer.concat([
      Buffer.of(chance.pick([22, 22, 20, 21, 23, 128]), 3, chance.pick([1, 3, 4]), length >> 8, length & 0xff),
      body,
    ]);
  });
  return Buffer.concat(records);
}
