/** JSON web tokens: every algorithm that may be configured, and everything a forger may try (RFC 8725 §2). */
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JwtOptions } from "./jwt-keys.js";
import { JwtTokens } from "./jwt-tokens.js";

const NOW_MS = 1_700_000_000_000;
const NOW_SECONDS = NOW_MS / 1000;
const ALICE = { user: "alice", authRevision: 7n };

let folder: string;
let number = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "kvorum-jwt-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string | Uint8Array): string {
  const path = join(folder, `key-${number++}`);
  writeFileSync(path, content);
  return path;
}

const pem = (key: KeyObject): string =>
  String(key.export({ format: "pem", type: key.type === "private" ? "pkcs8" : "spki" }));

interface Keys {
  readonly private: KeyObject;
  readonly public: KeyObject;
}

/** RSA keys take long to find: one for ours and one for strangers serve every test. */
const rsaKeys = new Map<string, Keys>();

function keysFor(signMethod: string, owner: "ours" | "stranger" = "ours"): Keys {
  if (/^[RP]S/.test(signMethod)) {
    const keys = rsaKeys.get(owner) ?? newKeys(signMethod);
    rsaKeys.set(owner, keys);
    return keys;
  }
  return newKeys(signMethod);
}

function newKeys(signMethod: string): Keys {
  const curves: Readonly<Record<string, string>> = { ES256: "P-256", ES384: "P-384", ES512: "P-521" };
  const pair = signMethod.startsWith("ES")
    ? generateKeyPairSync("ec", { namedCurve: curves[signMethod] ?? "" })
    : signMethod === "EdDSA"
      ? generateKeyPairSync("ed25519")
      : generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { private: pair.privateKey, public: pair.publicKey };
}

function clockAt(nowMs: number): { wallMs: () => number } {
  return { wallMs: () => nowMs };
}

const at = (options: Omit<JwtOptions, "kind">, nowMs = NOW_MS): JwtTokens =>
  new JwtTokens({ kind: "jwt", ...options }, clockAt(nowMs));

describe("a JSON web token", () => {
  for (const signMethod of ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]) {
    it(`is signed with ${signMethod} by who has the private key, and read by who has the public one`, async () => {
      const keys = keysFor(signMethod);
      const signer = at({ signMethod, privateKeyFile: file(pem(keys.private)) });
      const token = (await signer.sign(ALICE)) ?? "";
      const reader = at({ signMethod, publicKeyFile: file(pem(keys.public)) });
      expect(await reader.identityOf(token)).toEqual(ALICE);
      expect(await signer.identityOf(token)).toEqual(ALICE);
      expect(await reader.sign(ALICE), "a public key signs nothing").toBeUndefined();
      const stranger = at({ signMethod, publicKeyFile: file(pem(keysFor(signMethod, "stranger").public)) });
      expect(await stranger.identityOf(token)).toBeUndefined();
    });
  }

  it("is signed with a secret that the members share", async () => {
    for (const signMethod of ["HS256", "HS384", "HS512"]) {
      const secret = file(Buffer.alloc(64, 7));
      const token = (await at({ signMethod, privateKeyFile: secret }).sign(ALICE)) ?? "";
      expect(await at({ signMethod, privateKeyFile: secret }).identityOf(token)).toEqual(ALICE);
      expect(await at({ signMethod, privateKeyFile: file("other") }).identityOf(token)).toBeUndefined();
    }
  });

  it("expires after five minutes, or when the node is told", async () => {
    const secret = file("secret");
    const signer = at({ signMethod: "HS256", privateKeyFile: secret });
    const token = (await signer.sign(ALICE)) ?? "";
    const later = (nowMs: number) => at({ signMethod: "HS256", privateKeyFile: secret }, NOW_MS + nowMs);
    expect(await later(299_000).identityOf(token)).toEqual(ALICE);
    expect(await later(300_000).identityOf(token)).toBeUndefined();
    const short = (await at({ signMethod: "HS256", privateKeyFile: secret, ttlMs: 2000 }).sign(ALICE)) ?? "";
    expect(await later(1000).identityOf(short)).toEqual(ALICE);
    expect(await later(2000).identityOf(short)).toBeUndefined();
  });
});

describe("a forged JSON web token", () => {
  it("with another algorithm than the configured one is refused, also when the public key is its secret", async () => {
    const keys = keysFor("RS256");
    const publicPem = pem(keys.public);
    const reader = at({ signMethod: "RS256", publicKeyFile: file(publicPem) });
    const claims = { username: "root", revision: 7, iat: NOW_SECONDS, exp: NOW_SECONDS + 100 };
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const unsigned = (alg: string): string => `${part({ alg, typ: "JWT" })}.${part(claims)}`;
    const hmac = (text: string, key: string | Buffer): string =>
      createHmac("sha256", key).update(text).digest("base64url");
    const der = createPublicKey(publicPem).export({ format: "der", type: "spki" });
    const good = await new SignJWT(claims).setProtectedHeader({ alg: "RS256" }).sign(keys.private);
    expect(await reader.identityOf(good)).toEqual({ user: "root", authRevision: 7n });
    const forged = [
      `${unsigned("none")}.`,
      `${unsigned("None")}.`,
      unsigned("none"),
      `${unsigned("HS256")}.${hmac(unsigned("HS256"), publicPem)}`,
      `${unsigned("HS256")}.${hmac(unsigned("HS256"), der)}`,
      `${unsigned("RS256")}.`,
      `${unsigned("RS256")}.${hmac(unsigned("RS256"), publicPem)}`,
      await new SignJWT(claims).setProtectedHeader({ alg: "RS384" }).sign(keys.private),
      await new SignJWT(claims).setProtectedHeader({ alg: "PS256" }).sign(keys.private),
      `${good.slice(0, -4)}AAAA`,
      good.replace(/\..*\./, `.${part({ ...claims, revision: 8 })}.`),
    ];
    for (const token of forged) expect(await reader.identityOf(token), token).toBeUndefined();
  });

  it("etcd #15677: without a user, a revision or times, or with ones of another type, it is refused", async () => {
    const secret = Buffer.from("secret");
    const reader = at({ signMethod: "HS256", privateKeyFile: file(secret) });
    const whole = { username: "alice", revision: 7, iat: NOW_SECONDS, exp: NOW_SECONDS + 100 };
    const sign = (claims: object) =>
      new SignJWT(claims as Record<string, unknown>).setProtectedHeader({ alg: "HS256" }).sign(secret);
    expect(await reader.identityOf(await sign(whole))).toEqual(ALICE);
    const without = Object.keys(whole).map((name) => ({ ...whole, [name]: undefined }));
    const wrong = [
      ...[1, "", null, ["alice"], { toString: "alice" }].map((username) => ({ ...whole, username })),
      ...["7", -1, 1.5, 2 ** 60, null, [7]].map((revision) => ({ ...whole, revision })),
      ...["soon", NOW_SECONDS, NOW_SECONDS - 1, null].map((exp) => ({ ...whole, exp })),
      ...["now", null].map((iat) => ({ ...whole, iat })),
      { ...whole, nbf: NOW_SECONDS + 10 },
    ];
    for (const claims of [...without, ...wrong]) {
      expect(await reader.identityOf(await sign(claims)), JSON.stringify(claims)).toBeUndefined();
    }
  });

  it("of any text, or of any claims that are signed, is refused or says who it is, and throws nothing", async () => {
    const secret = Buffer.from("secret");
    const reader = at({ signMethod: "HS256", privateKeyFile: file(secret) });
    const claims = fc.record(
      { username: fc.anything(), revision: fc.anything(), iat: fc.anything(), exp: fc.anything() },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), fc.array(fc.base64String()), async (text, parts) => {
        expect(await reader.identityOf(text)).toBeUndefined();
        expect(await reader.identityOf(parts.join("."))).toBeUndefined();
      }),
    );
    await fc.assert(
      fc.asyncProperty(claims, async (claimed) => {
        const part = (value: object): string => Buffer.from(json(value)).toString("base64url");
        const unsigned = `${part({ alg: "HS256" })}.${part(claimed)}`;
        const signature = createHmac("sha256", secret).update(unsigned).digest("base64url");
        const identity = await reader.identityOf(`${unsigned}.${signature}`);
        if (identity !== undefined)
          expect(identity).toEqual({ user: expect.any(String), authRevision: expect.any(BigInt) });
      }),
    );
  });

  it("that is garbage or very long is refused, quickly", async () => {
    const reader = at({ signMethod: "HS256", privateKeyFile: file("secret") });
    const long = `${"e30".repeat(1_000_000)}.e30.e30`;
    const garbage = ["", ".", "..", "a.b.c", "e30.e30.e30", "\0", "null", "é.é.é", long];
    for (const token of garbage) expect(await reader.identityOf(token)).toBeUndefined();
  });
});

describe("keys of JSON web tokens", () => {
  it("that do not fit are told at the start, with the file's name", () => {
    const [rsa, ec, other] = [keysFor("RS256"), keysFor("ES256"), keysFor("RS256", "stranger")];
    const privateKeyFile = file(pem(rsa.private));
    const missing = join(folder, "missing");
    const small = file(pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey));
    const cases: [Omit<JwtOptions, "kind">, string][] = [
      [{ signMethod: "none", privateKeyFile }, 'sign-method is "none": give one of RS256'],
      [{ signMethod: "constructor", privateKeyFile }, 'sign-method is "constructor"'],
      [{ signMethod: "RS256" }, "needs the file of a private or a public key"],
      [{ signMethod: "RS256", privateKeyFile: missing }, `key file ${missing} can not be read`],
      [{ signMethod: "RS256", privateKeyFile: file("") }, "is empty"],
      [{ signMethod: "HS256", privateKeyFile: file("") }, "is empty"],
      [{ signMethod: "RS256", publicKeyFile: file("no key") }, "holds no key in PEM form"],
      [
        { signMethod: "RS256", privateKeyFile: file(pem(ec.private)) },
        "of type ec (prime256v1), which does not fit RS256",
      ],
      [{ signMethod: "ES384", publicKeyFile: file(pem(ec.public)) }, "does not fit ES384"],
      [{ signMethod: "RS256", privateKeyFile: small }, "less than 2048 bits"],
      [{ signMethod: "RS256", privateKeyFile, publicKeyFile: file(pem(other.public)) }, "do not belong together"],
    ];
    for (const [options, message] of cases) expect(() => at(options), message).toThrow(message);
  });

  it("may be of the older forms of PEM too", async () => {
    const rsa = keysFor("RS256");
    const pkcs1 = file(String(rsa.private.export({ format: "pem", type: "pkcs1" })));
    const token = (await at({ signMethod: "RS256", privateKeyFile: pkcs1 }).sign(ALICE)) ?? "";
    expect(await at({ signMethod: "RS256", publicKeyFile: file(pem(rsa.public)) }).identityOf(token)).toEqual(ALICE);
    const ec = keysFor("ES256");
    const sec1 = file(String(ec.private.export({ format: "pem", type: "sec1" })));
    expect(await at({ signMethod: "ES256", privateKeyFile: sec1 }).sign(ALICE)).toMatch(/^ey/);
  });
});

/** Whatever a value is, as JSON. */
function json(value: object): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner));
}
