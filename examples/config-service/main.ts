/** A configuration service: typed settings out of `/config/*`, live in every reader and in the browser. */
import { createClient } from "@kvorum/client";
import { run, wholeNumber } from "../shared/program.js";
import { untilAborted } from "../shared/until-aborted.js";
import { History } from "./history.js";
import { LiveConfig } from "./live-config.js";
import { startConfigService } from "./service.js";

const about = "Serves a schema-checked configuration from /config/* over HTTP and follows it live.";
const flags = { port: { help: "HTTP port, 0 picks a free one", default: "8080" } };

await run({ name: "config-service", about, flags }, async ({ endpoints, flags, stop }) => {
  const port = wholeNumber("port", flags.port, 0, 65_535);
  await using client = createClient({ endpoints });
  const store = client.namespace("/config/");
  const history = new History();
  const live = new LiveConfig(store, history);
  await live.seed();
  const following = live.run(stop);

  await using service = await startConfigService({ store, live, history, port });
  console.log(`etcd at ${endpoints.join(", ")}`);
  console.log(`listening on ${service.url}`);
  // Ends with Ctrl-C, or with the error that stopped the watch.
  await Promise.race([untilAborted(stop), following]);
  return undefined;
});
