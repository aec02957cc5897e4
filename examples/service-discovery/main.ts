/** Service discovery: instances register over HTTP, are checked, and are found in a directory that is kept current. */
import { createClient } from "@kvorum/client";
import { ServiceRegistry } from "@kvorum/concurrency/recipes";
import { HttpError, sendJson, serve } from "../shared/http.js";
import { run, wholeNumber } from "../shared/program.js";
import { untilAborted } from "../shared/until-aborted.js";
import { Directories } from "./directories.js";
import { Registry } from "./registry.js";
import { parseService } from "./service.js";

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
  await using registry = new Registry({ registry: new ServiceRegistry(client), ttl, checkMs, log: console.log });
  await using directories = new Directories(client);

  const missing = (): never => {
    throw new HttpError(400, "expected POST /register/<type>/<address>/<port>");
  };
  await using service = await serve(
    {
      "GET /": async () => ({ services: await directories.all() }),
      "GET /discover/:type": async (_, __, type = "") => ({ type, services: await directories.find(type) }),
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
  await untilAborted(stop);
  return undefined;
});
