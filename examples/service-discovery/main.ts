/** Service discovery: instances register over HTTP, are checked, and are found through a view that a watch keeps current. */
import { codec, createClient } from "@kvorum/client";
import { HttpError, sendJson, serve } from "../shared/http.js";
import { run, wholeNumber } from "../shared/program.js";
import { untilAborted } from "../shared/until-aborted.js";
import { Directory } from "./directory.js";
import { Registry } from "./registry.js";
import { parseService, type Service } from "./service.js";

const about = "Registers services under leases that live while their health check passes, and finds them.";
const flags = {
  port: { help: "HTTP port, 0 picks a free one", default: "8081" },
  ttl: { help: "seconds until a service is gone when this process dies", default: "5" },
  "check-ms": { help: "milliseconds between health checks", default: "1000" },
};

await run({ name: "service-discovery", about, flags }, async ({ endpoints, flags, stop }) => {
  const port = wholeNumber("port", flags.port, 0, 65_535);
  const ttl = wholeNumber("ttl", flags.ttl, 2, 3_600);
  const checkMs = wholeNumber("check-ms", flags["check-ms"], 50, 60_000);

  await using client = createClient({ endpoints });
  const store = client.namespace("/services/").withCodec(codec.json<Service>());
  await using registry = new Registry({ store, lease: client.lease, ttl, checkMs, log: console.log });
  const directory = new Directory(store);
  const following = directory.run(stop);

  const missing = (): never => {
    throw new HttpError(400, "expected POST /register/<type>/<address>/<port>");
  };
  await using service = await serve(
    {
      "GET /": () => ({ services: directory.find() }),
      "GET /discover/:type": (_, __, type = "") => ({ type, services: directory.find(type) }),
      "POST /register/:type/:address/:port": async (_, response, ...parts) => {
        const registered = parseService(parts[0], parts[1], parts[2]);
        await registry.register(registered);
        sendJson(response, 201, { ...registered, ttl });
      },
      "DELETE /register/:type/:address/:port": async (_, __, ...parts) => {
        const registered = parseService(parts[0], parts[1], parts[2]);
        await registry.deregister(registered);
        return registered;
      },
      "POST /register": missing,
      "POST /register/*": missing,
    },
    port,
  );
  console.log(`etcd at ${endpoints.join(", ")}`);
  console.log(`listening on ${service.url}`);
  await Promise.race([untilAborted(stop), following]);
  return undefined;
});
