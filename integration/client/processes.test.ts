/** The client's suites against the built program: one process, and one of three that are a cluster. */
import { oneProcess, shared, threeProcesses } from "./servers.js";
import { clientSuite } from "./suite.js";
import { verbSuite } from "./suite-verbs.js";
import { watchSuite } from "./suite-watches.js";

for (const { name, start } of [oneProcess, threeProcesses]) {
  const once = shared(start);
  clientSuite(name, once);
  verbSuite(name, once);
  watchSuite(name, once);
}
