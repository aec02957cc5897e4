/**
 * Tokens that are not the one that was given: with a few mistakes, forged with other algorithms and keys, very long, or made
 * of nothing. None lets anybody in, whether members remember their tokens or verify them, by gRPC and by the gateway.
 */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KV } from "@kvorum/proto";
import { CallStage } from "./call-stage.js";
import type { Chance } from "./chance.js";
import { mutatedText } from "./mutate.js";
import { framed } from "./raw-caller.js";
import { exchange } from "./raw-socket.js";
import { type Input, mistakeIn, type Target } from "./target.js";

const TIMEOUT_MS = 30_000;
const LONG = 9000;
const UNAUTHENTICATED = 16;

type Way = "token" | "authorization" | "gateway";

interface TokenInput {
  readonly token: string;
  readonly way: Way;
  /** The genuine one, of which a mutation may be another spelling. */
  readonly genuine: string;
}

/** Public halves, which an attacker knows. */
const own = generateKeyPairSync("rsa", { modulusLength: 2048 });
const others = generateKeyPairSync("rsa", { modulusLength: 2048 });

export const tokenTargets: readonly Target<CallStage>[] = [
  {
    name: "tokens that members remember",
    batch: { inputs: 300, lanes: 16 },
    open: (probe) => CallStage.open(probe, ["nobody", "user"]),
    make: (chance, { tokens: { user = "" } }) => new Token(inputOf(chance, user, rememberedOf)),
  },
  {
    name: "tokens that members verify",
    batch: { inputs: 300, lanes: 16 },
    open: async (probe) => {
      const folder = mkdtempSync(join(tmpdir(), "kvorum-fuzz-keys-"));
      const path = join(folder, "private.pem");
      writeFileSync(path, own.privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
      try {
        const flags = ["--auth-token", `jwt,sign-method=RS256,priv-key=${path},ttl=24h`];
        return await CallStage.open(probe, ["nobody", "user"], flags);
      } finally {
        // It was read at the start.
        rmSync(folder, { recursive: true });
      }
    },
    make: (chance, { tokens: { user = "" } }) => new Token(inputOf(chance, user, verifiedOf)),
  },
];

function inputOf(chance: Chance, genuine: string, of: (chance: Chance, genuine: string) => string): TokenInput {
  // A field of a header has no control characters and no spaces around it.
  const token = of(chance, genuine).replace(/[^\x21-\x7e]/g, "~");
  return { token, genuine, way: chance.pick(["token", "authorization", "gateway"]) };
}

function rememberedOf(chance: Chance, genuine: string): string {
  const [secret = "", index = ""] = genuine.split(".");
  return chance.pick([
    mutatedText(genuine, chance),
    `${secret}.${chance.wide()}`,
    `${chance.text(40)}.${index}`,
    `${secret}${index}`,
    `${genuine}.${genuine}`,
    secret.toUpperCase() === secret ? secret.toLowerCase() : `${secret.toUpperCase()}.${index}`,
    "x".repeat(chance.between(1, LONG)),
    `${"x".repeat(chance.between(1, LONG))}.${index}`,
  ]);
}

function verifiedOf(chance: Chance, genuine: string): string {
  const [header = "", payload = "", signature = ""] = genuine.split(".");
  const claims = {
    username: chance.pick<unknown>(["root", "user", "", 7, null, ["root"]]),
    revision: chance.pick<unknown>([1, 10, -1, 1e300, "10", null]),
    exp: chance.pick<unknown>([4e9, -1, "4000000000", 1e300, null]),
    iat: chance.pick<unknown>([1e9, 4e9, null]),
  };
  const publicKey = own.publicKey.export({ format: "pem", type: "spki" });
  return chance.pick<() => string>([
    () => mutatedText(genuine, chance),
    () => `${header}.${encoded(claims)}.${signature}`,
    () => `${encoded({ alg: chance.pick(["none", "None", "HS256", "RS512", "PS256"]) })}.${payload}.${signature}`,
    () => `${encoded({ alg: "none" })}.${encoded(claims)}.`,
    // The public key as the secret of a symmetric algorithm.
    () => signedWithSecret(`${encoded({ alg: "HS256" })}.${encoded(claims)}`, publicKey),
    () => signed(`${encoded({ alg: "RS256" })}.${encoded(claims)}`, others.privateKey),
    () =>
      signed(
        `${encoded({ alg: "RS256", jwk: others.publicKey.export({ format: "jwk" }) })}.${encoded(claims)}`,
        others.privateKey,
      ),
    () => signed(`${encoded({ alg: "RS256", crit: ["x"], b64: false })}.${encoded(claims)}`, others.privateKey),
    () => `${header}.${payload}.${signature}${"A".repeat(chance.between(1, LONG))}`,
    () => ".".repeat(chance.between(0, LONG)),
  ])();
}

class Token implements Input<CallStage> {
  readonly #input: TokenInput;

  constructor(input: TokenInput) {
    this.#input = input;
  }

  show(): string {
    const { token, way, genuine } = this.#input;
    return `by ${way} ${token} (the genuine one is ${genuine})`;
  }

  async play(stage: CallStage): Promise<string | undefined> {
    const { token, way } = this.#input;
    const { user = "" } = stage.tokens;
    const answer = way === "gateway" ? await byGateway(stage, token) : await byGrpc(stage, token, way);
    if (answer.let === "in" && !isAnotherSpelling(token, user)) return "the token lets its holder in";
    if (answer.let === "unanswered") return `no answer: ${answer.text}`;
    return mistakeIn(answer.text);
  }
}

interface Answer {
  readonly let: "in" | "out" | "unanswered";
  readonly text: string;
}

/** A read of what the user may read. */
const RANGE = framed(Buffer.concat([Buffer.of(0x0a, 6), Buffer.from("user/a")]));

async function byGrpc({ raw }: CallStage, token: string, name: "token" | "authorization"): Promise<Answer> {
  const path = `/${KV.typeName}/${KV.method.range.name}`;
  const outcome = await raw.call({ path, parts: [RANGE], headers: { [name]: token }, timeoutMs: TIMEOUT_MS });
  if (outcome.kind !== "status") return { let: outcome.kind === "reset" ? "out" : "unanswered", text: outcome.kind };
  return {
    let: outcome.code === 0 ? "in" : "out",
    text: `${outcome.code === UNAUTHENTICATED ? "" : outcome.code} ${outcome.message}`,
  };
}

async function byGateway({ node }: CallStage, token: string): Promise<Answer> {
  const body = JSON.stringify({ key: Buffer.from("user/a").toString("base64") });
  const head = `POST /v3/kv/range HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: ${token}\r\nContent-Length: ${body.length}`;
  const { bytes, ended } = await exchange({
    port: node.port,
    parts: [Buffer.from(`${head}\r\n\r\n${body}`, "latin1")],
    waitMs: TIMEOUT_MS,
  });
  const text = bytes.toString("latin1");
  if (!ended) return { let: "unanswered", text };
  return { let: text.startsWith("HTTP/1.1 200 ") ? "in" : "out", text };
}

/** Base64 has bits at its end that mean nothing, and a word may stand before a token. */
function isAnotherSpelling(token: string, genuine: string): boolean {
  const bare = token.replace(/^Bearer /, "");
  if (bare === genuine) return true;
  const [parts, wanted] = [bare.split("."), genuine.split(".")];
  if (parts.length !== 3 || parts[0] !== wanted[0] || parts[1] !== wanted[1]) return false;
  return Buffer.from(parts[2] ?? "", "base64").equals(Buffer.from(wanted[2] ?? "", "base64"));
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function signedWithSecret(text: string, secret: string | Buffer): string {
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

function signed(text: string, key: KeyObject): string {
  return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`;
}
