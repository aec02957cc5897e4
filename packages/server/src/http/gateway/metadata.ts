/**
 * Headers of an HTTP request as metadata of a call, by grpc-gateway's rules: what begins with `Grpc-Metadata-` loses the
 * prefix, HTTP's own headers get the prefix `grpcgateway-`, and `Authorization` is passed on as it is. The mark
 * `grpcgateway-accept` is always there: it tells the services that this caller is never identified by a certificate
 * (CVE-2018-16886).
 */
import type { IncomingHttpHeaders } from "node:http";
import { type Metadata, metadataOf, RpcError, StatusCode } from "@kvorum/transport";

const PREFIX = "grpc-metadata-";
/** HTTP's own request headers that are passed on (IANA's permanent ones, as far as they say something here). */
const PASSED_ON: readonly string[] = [
  ...["accept", "accept-charset", "accept-language", "authorization", "cache-control", "content-type", "cookie"],
  ...["date", "expect", "from", "host", "if-match", "if-none-match", "max-forwards", "origin", "pragma", "referer"],
  ...["user-agent", "via", "warning"],
];

export function metadataOfHeaders(headers: IncomingHttpHeaders): Metadata {
  const pairs: [key: string, value: string | Uint8Array][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const texts = Array.isArray(value) ? value : [value];
    if (name.startsWith(PREFIX)) pairs.push(...texts.map((text) => ownPair(name.slice(PREFIX.length), text)));
    else if (PASSED_ON.includes(name))
      pairs.push(...texts.map((text): [string, string] => [`grpcgateway-${name}`, text]));
  }
  if (headers.authorization !== undefined) pairs.push(["authorization", headers.authorization]);
  if (headers.accept === undefined) pairs.push(["grpcgateway-accept", "*/*"]);
  return metadataOf(pairs);
}

/** Keys that end in `-bin` carry bytes, written in base64. */
function ownPair(key: string, text: string): [key: string, value: string | Uint8Array] {
  return key.endsWith("-bin") ? [key, new Uint8Array(Buffer.from(text, "base64"))] : [key, text];
}

const UNITS_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** `Grpc-Timeout` (`5S`, `100m`) in milliseconds; undefined without one. Errors: INVALID_ARGUMENT for anything else. */
export function timeoutMsOf(headers: IncomingHttpHeaders): number | undefined {
  const text = headers["grpc-timeout"];
  if (text === undefined) return undefined;
  const parts = /^(\d{1,19})([HMSmun])$/.exec(String(text));
  const unit = UNITS_MS[parts?.[2] ?? ""];
  if (unit === undefined) throw new RpcError(StatusCode.INVALID_ARGUMENT, `invalid grpc-timeout: ${text}`);
  return Number(parts?.[1]) * unit;
}
