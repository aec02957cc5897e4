/** The client's suites against an embedded Kvorum node, in memory. */
import { faultSuite } from "./faults.js";
import { embedded, shared } from "./servers.js";
import { clientSuite } from "./suite.js";
import { verbSuite } from "./suite-verbs.js";
import { watchSuite } from "./suite-watches.js";

const start = shared(embedded.start);
clientSuite(embedded.name, start);
verbSuite(embedded.name, start);
watchSuite(embedded.name, start);
faultSuite(embedded.name, embedded.start);
