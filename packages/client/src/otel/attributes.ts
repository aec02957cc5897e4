/**
 * Names of OpenTelemetry's semantic conventions, as far as they are used here: RPC (stable as of 1.45) and database client
 * spans. They are written out, so that no package of conventions is needed at run time.
 */
import type { Attributes } from "@opentelemetry/api";
import type { GrpcCode } from "../errors.js";
import { isEtcdError } from "../errors.js";
import type { CallMessage } from "../observe/messages.js";

/** `etcdserverpb.KV/Put`: what `rpc.method` wants, and the name of the span. */
export function fullMethod(message: CallMessage): string {
  return message.method.replace(/^\//, "");
}

/** What is known before the call. */
export function callAttributes(message: CallMessage): Attributes {
  const method = fullMethod(message);
  return {
    "rpc.system.name": "grpc",
    "rpc.method": method,
    "db.system.name": "etcd",
    "db.operation.name": method.slice(method.indexOf("/") + 1),
  };
}

/** What is known after it. */
export function outcomeAttributes(message: CallMessage): Attributes {
  const status = statusOf(message);
  return {
    ...(status !== undefined && { "rpc.response.status_code": status }),
    ...(message.endpoint !== undefined && serverAttributes(message.endpoint)),
    ...(message.outcome !== "ok" && { "error.type": errorType(message.error) }),
  };
}

export function serverAttributes(endpoint: string): Attributes {
  if (endpoint.startsWith("unix:")) return { "server.address": endpoint.slice("unix:".length) };
  const { hostname, port } = URL.canParse(endpoint) ? new URL(endpoint) : { hostname: endpoint, port: "" };
  return { "server.address": hostname, ...(port !== "" && { "server.port": Number(port) }) };
}

/** Low in cardinality: the reason the server gave, or the class. */
export function errorType(error: unknown): string {
  if (isEtcdError(error)) return error.reason === "unknown" ? error.code : error.reason;
  return error instanceof Error ? error.name : "_OTHER";
}

/** Of a call that its caller gave up there is none. */
function statusOf(message: CallMessage): GrpcCode | undefined {
  if (message.outcome === "ok") return "OK";
  return isEtcdError(message.error) ? message.error.code : undefined;
}
