/**
 * The gateway of a node with users, asked by nobody and by a user: requests of HTTP/1 whose JSON, headers, paths and chunks
 * are made and then spoilt, and WebSockets whose frames are.
 */
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Auth, Cluster, Election, KV, Lease, Lock, Maintenance, Watch } from "@kvorum/proto";
import { CallStage } from "./call-stage.js";
import type { Chance } from "./chance.js";
import { JsonMaker } from "./json-maker.js";
import { mutated, mutatedText, shorter } from "./mutate.js";
import { exchange } from "./raw-socket.js";
import { type Input, mistakeIn, type Target } from "./target.js";

/** Where each method is; paths with mistakes come of these. */
const PLACES: readonly { readonly path: string; readonly method: DescMethod }[] = [
  ...placesOf("kv", KV, { range: "range", put: "put", deleteRange: "deleterange", txn: "txn", compact: "compaction" }),
  ...placesOf("lease", Lease, {
    leaseGrant: "grant",
    leaseRevoke: "revoke",
    leaseKeepAlive: "keepalive",
    leaseTimeToLive: "timetolive",
    leaseLeases: "leases",
  }),
  ...placesOf("", Watch, { watch: "watch" }),
  ...placesOf("cluster/member", Cluster, { memberAdd: "add", memberRemove: "remove", memberList: "list" }),
  ...placesOf("maintenance", Maintenance, {
    alarm: "alarm",
    status: "status",
    hash: "hash",
    snapshot: "snapshot",
    defragment: "defragment",
  }),
  ...placesOf("auth", Auth, {
    authenticate: "authenticate",
    userAdd: "user/add",
    userGet: "user/get",
    roleGrantPermission: "role/grant",
    authDisable: "disable",
  }),
  ...placesOf("lock", Lock, { lock: "lock", unlock: "unlock" }),
  ...placesOf("election", Election, { campaign: "campaign", leader: "leader", observe: "observe", resign: "resign" }),
];
const OTHER_PATHS = [
  "/",
  "/version",
  "/health",
  "/metrics",
  "/debug/vars",
  "/livez?verbose",
  "/readyz?exclude=x",
  "/v3/",
  "/v3alpha/kv/range",
  "/v3/kv/../kv/range",
];
const HEADERS = [
  ...[
    "Content-Type: application/json",
    "Content-Type: text/plain",
    "Grpc-Timeout: 1S",
    "Grpc-Timeout: 99999999H",
    "Origin: null",
  ],
  ...[
    "Authorization: x",
    "Transfer-Encoding: gzip",
    "Content-Encoding: br",
    "Expect: 100-continue",
    "Connection: upgrade",
  ],
  ...["Grpc-Metadata-Token: x", "X-HTTP-Method-Override: DELETE", "Upgrade: h2c", "Accept: application/octet-stream"],
];
const WAIT_MS = 400;

export const gatewayTargets: readonly Target<CallStage>[] = [
  {
    name: "requests of the gateway",
    batch: { inputs: 150, lanes: 8 },
    open: (probe) => CallStage.open(probe, ["nobody", "user"]),
    make: (chance, stage) => new GatewayInput(requestOf(chance, stage.tokens.user ?? "")),
  },
  {
    name: "WebSockets of the gateway",
    batch: { inputs: 60, lanes: 8 },
    open: (probe) => CallStage.open(probe, ["nobody", "user"]),
    make: (chance, stage) => new GatewayInput(webSocketOf(chance, stage.tokens.user ?? "")),
  },
];

class GatewayInput implements Input<CallStage> {
  readonly #parts: readonly Buffer[];

  constructor(parts: readonly Buffer[]) {
    this.#parts = parts;
  }

  show(): string {
    return this.#parts.map((part) => JSON.stringify(part.toString("latin1"))).join(" + ");
  }

  async play({ node }: CallStage): Promise<string | undefined> {
    const isWhole = (answer: Buffer): boolean => /^0\r\n\r\n$/m.test(answer.toString("latin1", answer.length - 8));
    const { bytes } = await exchange({ port: node.port, parts: this.#parts, waitMs: WAIT_MS, until: isWhole });
    const text = bytes.toString("latin1").replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, "");
    if (text !== "" && !/^HTTP\/1\.1 (?:101|[2-5]\d\d) /.test(text)) return `no answer of HTTP: ${text.slice(0, 200)}`;
    // The metrics and the state of the process have names of ours in them.
    const body = text.slice(text.indexOf("\r\n\r\n"));
    return mistakeIn(body.includes("# HELP") || body.includes('"memstats"') ? "" : body);
  }

  smaller(): readonly GatewayInput[] {
    const all = Buffer.concat(this.#parts);
    return [all, ...shorter(all)].map((bytes) => new GatewayInput([bytes]));
  }
}

function requestOf(chance: Chance, token: string): Buffer[] {
  const { path, method } = chance.pick(PLACES);
  const json = new JsonMaker(chance).make(method.input);
  const documents = chance.chance(0.9) ? json : `${json}\n${json}`;
  const body = chance.chance(0.7) ? Buffer.from(documents) : mutated(Buffer.from(documents), chance);
  const [verb, target] = chance.chance(0.9)
    ? ["POST", path]
    : [chance.pick(["GET", "PUT", "OPTIONS", "DELETE", "TRACE", "CONNECT"]), chance.pick([path, ...OTHER_PATHS])];
  const lines = [
    `${verb} ${chance.chance(0.95) ? target : mutatedText(target ?? "", chance)} HTTP/1.1`,
    "Host: localhost",
  ];
  if (chance.chance(0.5)) lines.push(`Authorization: ${chance.chance(0.9) ? token : mutatedText(token, chance)}`);
  for (let more = chance.length(6); more > 0; more--) lines.push(chance.pick(HEADERS));
  const chunked = chance.chance(0.3);
  lines.push(
    chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${chance.chance(0.95) ? body.length : chance.wide()}`,
  );
  lines.push("Connection: close");
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const parts = [chance.chance(0.9) ? head : mutated(head, chance), ...(chunked ? chunksOf(body, chance) : [body])];
  return chance.chance(0.5) ? [Buffer.concat(parts)] : parts;
}

function chunksOf(body: Buffer, chance: Chance): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const size = chance.between(1, body.length - at);
    const said = chance.chance(0.97) ? size.toString(16) : chance.pick(["-1", "ffffffffffffffff", "", "0x1", "1;a=b"]);
    chunks.push(Buffer.concat([Buffer.from(`${said}\r\n`), body.subarray(at, at + size), Buffer.from("\r\n")]));
    at += size;
  }
  return [...chunks, Buffer.from("0\r\n\r\n")];
}

function webSocketOf(chance: Chance, token: string): Buffer[] {
  const { path, method } = chance.pick(PLACES.filter(({ method: { methodKind } }) => methodKind !== "unary"));
  const protocol = chance.chance(0.6) ? `\r\nSec-WebSocket-Protocol: Bearer, ${token}` : "";
  const head = Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: ${chance.bytes(16).toString("base64")}${protocol}\r\n\r\n`,
  );
  const json = new JsonMaker(chance);
  const frames = Array.from({ length: chance.between(0, 6) }, () => {
    const body = Buffer.from(json.make(method.input));
    return frameOf(chance, chance.chance(0.8) ? body : mutated(body, chance));
  });
  const all = Buffer.concat(frames);
  return [chance.chance(0.95) ? head : mutated(head, chance), chance.chance(0.7) ? all : mutated(all, chance)];
}

/** A frame of RFC 6455 §5.2 with a mask. */
function frameOf(chance: Chance, payload: Buffer): Buffer {
  const opcode = chance.chance(0.8) ? 1 : chance.between(0, 15);
  const mask = chance.bytes(4);
  const flags = chance.chance(0.9) ? 0x80 : chance.pick([0, 0x90, 0xf0]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Math.min(payload.length, 0xffff));
  const size = payload.length < 126 ? Buffer.of(0x80 | payload.length) : Buffer.concat([Buffer.of(0x80 | 126), length]);
  return Buffer.concat([Buffer.of(flags | opcode), size, mask, payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0))]);
}

function placesOf<S extends DescService>(
  folder: string,
  { method }: S,
  paths: Partial<Record<keyof S["method"], string>>,
): { path: string; method: DescMethod }[] {
  return Object.entries(paths).map(([name, path]) => ({
    path: `/v3/${folder}${folder === "" ? "" : "/"}${String(path)}`,
    method: method[name] as DescMethod,
  }));
}
