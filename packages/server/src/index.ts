/** `@kvorum/server`: a complete etcd v3 node. Read `server.ts` first, then `node/node.ts`. */
export { type ClusterOptions, type KvorumCluster, startCluster } from "./cluster.js";
export type { AutoCompaction } from "./config/config.js";
export type { InitialMember } from "./config/initial-cluster.js";
export type { Logger } from "./env.js";
export type { NodeOptions } from "./options.js";
export type {
  AuthOptions,
  AuthTokenOptions,
  HttpOptions,
  KeepAliveOptions,
  TlsOptions,
} from "./security-options.js";
export { type KvorumNode, startNode } from "./server.js";
