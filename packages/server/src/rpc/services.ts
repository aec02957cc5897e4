/** Every service of the node, guarded and added to a server. What is not here answers UNIMPLEMENTED. */
import { Auth, Cluster, Health, KV, Lease, Maintenance, Watch } from "@kvorum/proto";
import type { RpcServer } from "@kvorum/transport";
import { authService } from "./auth.js";
import { clusterService } from "./cluster.js";
import { guard } from "./guard.js";
import { healthService } from "./health.js";
import { kvService } from "./kv.js";
import { leaseService } from "./lease.js";
import { maintenanceService } from "./maintenance.js";
import type { RpcParts } from "./parts.js";
import { watchService } from "./watch.js";

export function addServices(server: Pick<RpcServer, "add">, parts: RpcParts): void {
  server.add(KV, guard(KV, kvService(parts), parts));
  server.add(Watch, guard(Watch, watchService(parts), parts));
  server.add(Lease, guard(Lease, leaseService(parts), parts));
  server.add(Cluster, guard(Cluster, clusterService(parts), parts));
  server.add(Maintenance, guard(Maintenance, maintenanceService(parts), parts));
  server.add(Auth, guard(Auth, authService(parts), parts));
  server.add(Health, guard(Health, healthService(parts), parts));
}
