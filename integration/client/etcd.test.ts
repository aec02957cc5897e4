/** The client suite against a real etcd. */
import { etcdMissing, startEtcd } from "../support/etcd.js";
import { clientSuite } from "./suite.js";

clientSuite("etcd", () => startEtcd(), etcdMissing());
