/** One instance of a service: where it is, and what stands for it while it is healthy. */
import { isIP } from "node:net";
import { z } from "zod";
import { HttpError } from "../shared/http.js";

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i;

export const serviceSchema = z.object({
  type: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/i, "must be letters, digits and dashes"),
  address: z
    .string()
    .refine((text) => isIP(text) !== 0 || HOST_NAME.test(text), "must be an IP address or a host name"),
  port: z
    .string()
    .regex(/^\d{1,5}$/, "must be a number from 1 to 65535")
    .transform(Number)
    .pipe(z.number().min(1, "must be a number from 1 to 65535").max(65_535, "must be a number from 1 to 65535")),
});

export type Service = z.output<typeof serviceSchema>;

/** Errors: `HttpError` 400 naming what is missing or wrong. */
export function parseService(type: string | undefined, address: string | undefined, port: string | undefined): Service {
  const given = { type: type || undefined, address: address || undefined, port: port || undefined };
  const missing = Object.entries(given).filter(([, value]) => value === undefined);
  if (missing.length > 0) throw new HttpError(400, `${missing.map(([name]) => name).join(", ")} missing`);
  const result = serviceSchema.safeParse(given);
  if (result.success) return result.data;
  throw new HttpError(400, result.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`).join("; "));
}

/** Everything that this program registers lies below it. */
export const FOLDER = "/services";

export function serviceName(type: string): string {
  return `${FOLDER}/${type}`;
}

/** `127.0.0.1:8080`, `[::1]:8080`. */
export function addrOf({ address, port }: Service): string {
  return `${isIP(address) === 6 ? `[${address}]` : address}:${port}`;
}

/** The service of an address that `addrOf` has made, or somebody else in the same form. */
export function serviceAt(type: string, addr: string): Service {
  const colon = addr.lastIndexOf(":");
  const address = addr.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  return { type, address, port: Number(addr.slice(colon + 1)) };
}

/** `web/127.0.0.1:8080`: what the log calls it. */
export function keyOf(service: Service): string {
  return `${service.type}/${addrOf(service)}`;
}

export function healthUrl(service: Service): string {
  return `http://${addrOf(service)}/health`;
}
