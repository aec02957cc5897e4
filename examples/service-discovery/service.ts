/** One instance of a service: where it is, and the key that stands for it while it is healthy. */
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

/** `web/127.0.0.1:8080`: all instances of a type have one prefix. */
export function keyOf({ type, address, port }: Service): string {
  return `${type}/${address}:${port}`;
}

export function healthUrl({ address, port }: Service): string {
  return `http://${isIP(address) === 6 ? `[${address}]` : address}:${port}/health`;
}
