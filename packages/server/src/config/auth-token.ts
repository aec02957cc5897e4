/**
 * `--auth-token`: `simple`, or `jwt,sign-method=RS256,pub-key=/a,priv-key=/b,ttl=5m`. The form, the names and the methods are
 * etcd's. A typo is refused at the start: a token option that vanished would leave the cluster with another kind of key.
 */
import type { AuthTokenOptions } from "../security-options.js";
import { duration, type ReadValue, ValueError } from "./values.js";

const METHODS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"],
  ...["HS256", "HS384", "HS512", "EdDSA"],
];

const OPTIONS = ["sign-method", "pub-key", "priv-key", "ttl"] as const;

type OptionName = (typeof OPTIONS)[number];

/** Reads the whole value; the lifetime of simple tokens is a flag of its own and not in the result. */
export const authToken: ReadValue<AuthTokenOptions> = (value) => {
  const [kind, ...parts] = value.split(",");
  if (kind === "simple" && parts.length === 0) return { kind: "simple" };
  if (kind !== "jwt") throw new ValueError("simple, or jwt with its options behind commas");
  return jwt(readOptions(parts));
};

function readOptions(parts: readonly string[]): ReadonlyMap<OptionName, string> {
  const options = new Map<OptionName, string>();
  for (const part of parts) {
    const at = part.indexOf("=");
    const name = OPTIONS.find((option) => option === part.slice(0, Math.max(0, at)).trim());
    if (name === undefined) throw new ValueError(`the options ${OPTIONS.join(", ")}, each with = and its value`);
    if (options.has(name)) throw new ValueError(`${name} once`);
    options.set(name, part.slice(at + 1).trim());
  }
  return options;
}

function jwt(options: ReadonlyMap<OptionName, string>): AuthTokenOptions {
  const signMethod = METHODS.find((method) => method === options.get("sign-method"));
  if (signMethod === undefined) throw new ValueError(`a sign-method of ${METHODS.join(", ")}`);
  const publicKeyFile = options.get("pub-key") || undefined;
  const privateKeyFile = options.get("priv-key") || undefined;
  if (publicKeyFile === undefined && privateKeyFile === undefined) {
    throw new ValueError("a key with it: priv-key to give tokens, pub-key to verify them");
  }
  const ttl = options.get("ttl");
  const ttlMs = ttl === undefined ? undefined : duration(ttl);
  if (ttlMs !== undefined && ttlMs < 1) throw new ValueError("a ttl above 0, such as 5m");
  return { kind: "jwt", signMethod, publicKeyFile, privateKeyFile, ttlMs };
}
