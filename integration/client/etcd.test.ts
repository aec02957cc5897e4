/** The client's suites against a real etcd. */
import { faultSuite } from "./faults.js";
import { etcd, shared } from "./servers.js";
import { clientSuite } from "./suite.js";
import { verbSuite } from "./suite-verbs.js";
import { watchSuite } from "./suite-watches.js";

const start = shared(etcd.start);
clientSuite(etcd.name, start, etcd.missing);
verbSuite(etcd.name, start, etcd.missing);
watchSuite(etcd.name, start, etcd.missing);
faultSuite(etcd.name, etcd.start, etcd.missing);
