/** The client's suites against a real etcd. */
import { etcdMissing, startEtcd } from "../support/etcd.js";
import { faultSuite } from "./faults.js";
import { clientSuite } from "./suite.js";

clientSuite("etcd", () => startEtcd(), etcdMissing());
faultSuite("etcd", () => startEtcd(), etcdMissing());
