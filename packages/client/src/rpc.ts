/** The generated services as they are, through the same budget, balancer and errors as everything else. */
import type { DescMessage, DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Auth, Cluster, Election, KV, Lease, Lock, Maintenance } from "@kvorum/proto";
import type { UnaryMethod } from "@kvorum/transport";
import type { Caller } from "./net/caller.js";
import type { CallOptions } from "./options.js";
import type { Operation } from "./retry.js";

/** The unary methods of a service, by name: `client.rpc.auth.userAdd({ name })`. */
export type RawService<S extends DescService> = {
  readonly [M in keyof S["method"] as S["method"][M] extends { methodKind: "unary" }
    ? M
    : never]: S["method"][M] extends {
    input: infer I extends DescMessage;
    output: infer O extends DescMessage;
  }
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : never;
};

export interface RawServices {
  readonly kv: RawService<typeof KV>;
  readonly lease: RawService<typeof Lease>;
  readonly cluster: RawService<typeof Cluster>;
  readonly maintenance: RawService<typeof Maintenance>;
  readonly auth: RawService<typeof Auth>;
  readonly lock: RawService<typeof Lock>;
  readonly election: RawService<typeof Election>;
}

/** Methods that change nothing. All others are retried only where it is certain that they were not applied. */
const READS: ReadonlySet<DescMethod> = new Set<DescMethod>([
  KV.method.range,
  Lease.method.leaseTimeToLive,
  Lease.method.leaseLeases,
  Cluster.method.memberList,
  Maintenance.method.status,
  Maintenance.method.hash,
  Maintenance.method.hashKV,
  Auth.method.authStatus,
  Auth.method.userGet,
  Auth.method.userList,
  Auth.method.roleGet,
  Auth.method.roleList,
  Election.method.leader,
]);

export function rawServices(caller: Caller): RawServices {
  return {
    kv: rawService(caller, KV, "write"),
    lease: rawService(caller, Lease, "write"),
    cluster: rawService(caller, Cluster, "admin"),
    maintenance: rawService(caller, Maintenance, "admin"),
    auth: rawService(caller, Auth, "admin"),
    lock: rawService(caller, Lock, "write"),
    election: rawService(caller, Election, "write"),
  };
}

function rawService<S extends DescService>(caller: Caller, service: S, otherwise: Operation): RawService<S> {
  const methods = service.methods
    .filter((method) => method.methodKind === "unary")
    .map((method) => {
      const operation = READS.has(method) ? "read" : otherwise;
      const call = (request: Record<string, unknown>, options?: CallOptions): Promise<unknown> =>
        caller.unary(method as UnaryMethod<DescMessage, DescMessage>, request, operation, options);
      return [method.localName, call] as const;
    });
  // The object has exactly the unary methods of the descriptor, which is what the mapped type says.
  return Object.fromEntries(methods) as unknown as RawService<S>;
}
