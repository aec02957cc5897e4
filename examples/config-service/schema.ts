/**
 * What a configuration is. In etcd every setting is text under a key of its own; the schema turns the texts into one typed
 * object or says what is wrong with which key.
 */
import { z } from "zod";

const wholeNumber = z
  .string()
  .regex(/^\d{1,9}$/, "must be a whole number")
  .transform(Number);

export const configSchema = z.object({
  app_name: z.string().trim().min(1, "must not be empty").max(40, "must have at most 40 characters"),
  port: wholeNumber.pipe(z.number().min(1, "must be 1 or more").max(65_535, "must be 65535 or less")),
  /** Seconds. */
  timeout: wholeNumber.pipe(z.number().min(1, "must be 1 or more").max(3_600, "must be 3600 or less")),
});

export type Config = z.output<typeof configSchema>;
export type ConfigKey = keyof Config;
/** The settings as they are stored. */
export type RawConfig = Readonly<Partial<Record<ConfigKey, string>>>;

export const configKeys: readonly ConfigKey[] = configSchema.keyof().options;

/** Written where a key does not exist yet. */
export const defaults: Readonly<Record<ConfigKey, string>> = { app_name: "kvorum-demo", port: "8080", timeout: "30" };

export function isConfigKey(key: string): key is ConfigKey {
  return (configKeys as readonly string[]).includes(key);
}

export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** Judges a configuration as a whole. */
export function check(raw: RawConfig): Checked<Config> {
  const result = configSchema.safeParse(raw);
  if (result.success) return { ok: true, value: result.data };
  const reasons = result.error.issues.map(({ path, message }) => {
    const key = path.join(".");
    return isConfigKey(key) && raw[key] === undefined ? `${key} is missing` : `${key} ${message}`;
  });
  return { ok: false, reason: reasons.join("; ") };
}

/** Judges one setting by itself. */
export function checkValue(key: ConfigKey, text: string): Checked<string | number> {
  const result = configSchema.shape[key].safeParse(text);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, reason: `${key} ${result.error.issues.map(({ message }) => message).join(", ")}` };
}
