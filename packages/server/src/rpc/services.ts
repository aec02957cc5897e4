/** Every service of the node, guarded, observed and added to a server. What is not here answers UNIMPLEMENTED. */
import type { DescService } from "@bufbuild/protobuf";
import { Auth, Cluster, Election, Health, KV, Lease, Lock, Maintenance, Watch } from "@kvorum/proto";
import type { RpcServer, ServiceImplementation } from "@kvorum/transport";
import { authService } from "./auth.js";
import { clusterService } from "./cluster.js";
import { electionService } from "./election.js";
import { guard } from "./guard.js";
import { healthService } from "./health.js";
import { kvService } from "./kv.js";
import { leaseService } from "./lease.js";
import { lockService } from "./lock.js";
import { maintenanceService } from "./maintenance.js";
import { observe } from "./observe.js";
import type { RpcParts } from "./parts.js";
import { watchService } from "./watch.js";

export function addServices(server: Pick<RpcServer, "add">, parts: RpcParts): void {
  const add = <S extends DescService>(service: S, implementation: ServiceImplementation<S>): void =>
    server.add(service, observe(service, guard(service, implementation, parts), parts.observing));
  add(KV, kvService(parts));
  add(Watch, watchService(parts));
  add(Lease, leaseService(parts));
  add(Cluster, clusterService(parts));
  add(Maintenance, maintenanceService(parts));
  add(Auth, authService(parts));
  add(Lock, lockService(parts));
  add(Election, electionService(parts));
  add(Health, healthService(parts));
}
