/**
 * Endpoints from DNS service records, as etcd's own tools find them: `_etcd-client._tcp.<domain>` lists host and port of each
 * member. Ordered by priority (RFC 2782); the weights are left to the picker.
 */
import { resolveSrv } from "node:dns/promises";
import { RpcError, StatusCode } from "@kvorum/transport";
import { makeEtcdError } from "../errors.js";
import type { GivenEndpoints, Service } from "./addresses.js";

/** What is asked for service records. A `Resolver` of `node:dns/promises` is one. */
export interface SrvResolver {
  resolveSrv(
    name: string,
  ): Promise<readonly { readonly name: string; readonly port: number; readonly priority: number }[]>;
}

export const systemResolver: SrvResolver = { resolveSrv };

/**
 * The addresses of what was given, names looked up. Where there are several names, one that cannot be looked up is left out.
 *
 * Errors: `RpcError` UNAVAILABLE, not sent, when nothing is left.
 */
export async function resolveGiven(given: GivenEndpoints, resolver: SrvResolver): Promise<string[]> {
  if (given.services.length === 0) return [...given.addresses];
  const lookups = await Promise.allSettled(given.services.map((service) => lookUp(service, resolver)));
  const found = lookups.flatMap((lookup) => (lookup.status === "fulfilled" ? lookup.value : []));
  const addresses = [...new Set([...given.addresses, ...found])];
  if (addresses.length > 0) return addresses;
  const failed = lookups.find((lookup) => lookup.status === "rejected");
  const names = given.services.map(({ text }) => text).join(", ");
  const why = failed === undefined ? "it lists no servers" : messageOf(failed.reason);
  const message = `no endpoints from ${names}: ${why}`;
  throw new RpcError(StatusCode.UNAVAILABLE, message, { maybeSent: false, cause: failed?.reason });
}

async function lookUp({ recordName, scheme }: Service, resolver: SrvResolver): Promise<string[]> {
  const records = await resolver.resolveSrv(recordName);
  return [...records]
    .sort((a, b) => a.priority - b.priority)
    .filter(({ name }) => name !== "" && name !== ".")
    .map(({ name, port }) => `${scheme}://${hostOf(name)}:${port}`);
}

/** Names end with a dot in DNS and without one in certificates. */
function hostOf(name: string): string {
  return name.replace(/\.$/, "").toLowerCase();
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}

/** What somebody is told who waited for a lookup. Everything else is as it was. */
export function lookupError(error: unknown): unknown {
  if (!(error instanceof RpcError)) return error;
  return makeEtcdError(error.details, {
    code: "UNAVAILABLE",
    reason: "transport",
    outcome: "not-applied",
    cause: error,
  });
}
