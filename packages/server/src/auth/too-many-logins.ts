/**
 * What a login is told that has to wait: etcd's text, with the code that its Go client shows for it. On etcd's wire the text
 * comes as UNKNOWN (`core/errors.ts`), which no client takes for "try again later".
 */
import { RpcError, StatusCode } from "@kvorum/transport";

export function tooManyLogins(): RpcError {
  return new RpcError(StatusCode.RESOURCE_EXHAUSTED, "etcdserver: too many requests");
}
