/** `@kvorum/server`: a complete etcd v3 node. Read `server.ts` first, then `node/node.ts`. */
export type { Logger } from "./env.js";
