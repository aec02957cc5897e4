/**
 * JSON web tokens: signed text that says who its holder is and which revision of the users it was made from. Members keep
 * nothing about them, so one that has lost a permission keeps its token; the revision is what makes it worthless.
 *
 * `jose` is loaded with the first token: most nodes never see one.
 *
 * Exactly the configured algorithm is accepted, whatever a token claims about itself (RFC 8725 §3.1).
 */
import { lateImport } from "@kvorum/transport";
import type { Identity } from "../core/auth/types.js";
import type { Clock } from "../env.js";
import { type JwtKeys, type JwtOptions, readJwtKeys } from "./jwt-keys.js";

/** Longer than any token of ours: what is longer is not parsed. */
const LENGTH_MAX = 8192;
const TTL_MS_DEFAULT = 300_000;

export class JwtTokens {
  readonly #clock: Pick<Clock, "wallMs">;
  readonly #signMethod: string;
  readonly #ttlSeconds: number;
  readonly #keys: JwtKeys;

  /** Reads the keys. Errors: a `TypeError` that names the file. */
  constructor(options: JwtOptions, clock: Pick<Clock, "wallMs">) {
    this.#clock = clock;
    this.#signMethod = options.signMethod;
    this.#ttlSeconds = Math.max(1, Math.floor((options.ttlMs ?? TTL_MS_DEFAULT) / 1000));
    this.#keys = readJwtKeys(options);
  }

  /** Undefined on a member that has a public key only. */
  async sign({ user, authRevision }: Identity): Promise<string | undefined> {
    const { signKey } = this.#keys;
    if (signKey === undefined) return undefined;
    const { SignJWT } = await lateImport(() => import("jose"));
    const nowSeconds = Math.floor(this.#clock.wallMs() / 1000);
    return new SignJWT({ username: user, revision: Number(authRevision) })
      .setProtectedHeader({ alg: this.#signMethod, typ: "JWT" })
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + this.#ttlSeconds)
      .sign(signKey);
  }

  /** Who holds it; undefined when it is not ours, has expired or does not say what it must. */
  async identityOf(token: string): Promise<Identity | undefined> {
    if (token.length > LENGTH_MAX) return undefined;
    const { jwtVerify } = await lateImport(() => import("jose"));
    try {
      const { payload } = await jwtVerify(token, this.#keys.verifyKey, {
        algorithms: [this.#signMethod],
        requiredClaims: ["exp", "iat", "username", "revision"],
        currentDate: new Date(this.#clock.wallMs()),
      });
      return identityFrom(payload);
    } catch {
      // Every reason is the same to the caller, who must not learn why.
      return undefined;
    }
  }
}

function identityFrom({ username, revision }: Readonly<Record<string, unknown>>): Identity | undefined {
  if (typeof username !== "string" || username === "") return undefined;
  if (typeof revision !== "number" || !Number.isSafeInteger(revision) || revision < 0) return undefined;
  return { user: username, authRevision: BigInt(revision) };
}
