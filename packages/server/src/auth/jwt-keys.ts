/**
 * The keys that JSON web tokens are signed and verified with, read once at the start. A key must fit the one algorithm
 * that is configured: a public RSA key can then never be taken for the secret of an HMAC.
 */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import type { AuthTokenOptions } from "../security-options.js";

export type JwtOptions = Extract<AuthTokenOptions, { kind: "jwt" }>;

export interface JwtKeys {
  /** Undefined: this member verifies tokens and gives none. */
  readonly signKey: KeyObject | undefined;
  readonly verifyKey: KeyObject;
}

interface KeyShape {
  readonly type: "rsa" | "ec" | "ed25519" | "hmac";
  /** OpenSSL's name of the curve. */
  readonly curve?: string;
}

/** Every algorithm that may be configured, and the kind of key it takes. `none` is no algorithm. */
const ALGORITHMS: Readonly<Record<string, KeyShape>> = {
  ...Object.fromEntries(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].map((name) => [name, { type: "rsa" }])),
  ES256: { type: "ec", curve: "prime256v1" },
  ES384: { type: "ec", curve: "secp384r1" },
  ES512: { type: "ec", curve: "secp521r1" },
  EdDSA: { type: "ed25519" },
  ...Object.fromEntries(["HS256", "HS384", "HS512"].map((name) => [name, { type: "hmac" }])),
};

/** Smaller RSA keys can be broken (NIST SP 800-131A), and the library refuses them. */
const RSA_BITS_MIN = 2048;

/** Errors: a `TypeError` that names the method, or the file that is missing, can not be read or holds no fitting key. */
export function readJwtKeys({ signMethod, publicKeyFile, privateKeyFile }: JwtOptions): JwtKeys {
  const shape = Object.hasOwn(ALGORITHMS, signMethod) ? ALGORITHMS[signMethod] : undefined;
  if (shape === undefined) {
    const names = Object.keys(ALGORITHMS).join(", ");
    throw new TypeError(`auth token: sign-method is ${JSON.stringify(signMethod)}: give one of ${names}`);
  }
  const file = privateKeyFile ?? publicKeyFile;
  if (file === undefined) throw new TypeError("auth token: jwt needs the file of a private or a public key");
  if (shape.type === "hmac") {
    const key = keyFrom(file, createSecretKey);
    return { signKey: key, verifyKey: key };
  }
  const signKey = privateKeyFile === undefined ? undefined : keyFrom(privateKeyFile, createPrivateKey);
  const verifyKey = signKey === undefined ? keyFrom(file, createPublicKey) : createPublicKey(signKey);
  checkShape(file, signMethod, shape, verifyKey);
  if (signKey !== undefined && publicKeyFile !== undefined) {
    if (!keyFrom(publicKeyFile, createPublicKey).equals(verifyKey)) {
      throw new TypeError(`auth token: the keys in ${publicKeyFile} and ${file} do not belong together`);
    }
  }
  return { signKey, verifyKey };
}

function keyFrom(file: string, parse: (content: Buffer) => KeyObject): KeyObject {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    throw new TypeError(`auth token: the key file ${file} can not be read`, { cause: error });
  }
  if (content.length === 0) throw new TypeError(`auth token: the key file ${file} is empty`);
  try {
    return parse(content);
  } catch (error) {
    throw new TypeError(`auth token: the key file ${file} holds no key in PEM form`, { cause: error });
  }
}

function checkShape(file: string, signMethod: string, shape: KeyShape, key: KeyObject): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type !== shape.type || (shape.curve !== undefined && details?.namedCurve !== shape.curve)) {
    const found = details?.namedCurve === undefined ? type : `${type} (${details.namedCurve})`;
    throw new TypeError(`auth token: the key in ${file} is of type ${found}, which does not fit ${signMethod}`);
  }
  if (shape.type === "rsa" && (details?.modulusLength ?? 0) < RSA_BITS_MIN) {
    throw new TypeError(`auth token: the RSA key in ${file} has less than ${RSA_BITS_MIN} bits`);
  }
}
