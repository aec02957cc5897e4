/**
 * Changing one setting: check what the configuration would become, then write only if the key is still as it was when it
 * was checked. Two editors cannot overwrite each other unseen.
 */
import type { Store } from "@kvorum/client";
import { z } from "zod";
import { HttpError } from "../shared/http.js";
import type { History } from "./history.js";
import type { LiveConfig } from "./live-config.js";
import { type ConfigKey, check, checkValue, isConfigKey } from "./schema.js";

const bodySchema = z.strictObject({
  value: z.union([z.string(), z.number()]).transform(String),
  /** The revision that the editor has seen; without it the newest is taken. */
  revision: z.int().nonnegative().optional(),
});

export interface Written {
  readonly key: ConfigKey;
  readonly value: string;
  readonly revision: number;
}

/** Errors: `HttpError` 404 unknown key, 400 bad value or body, 409 changed meanwhile; `EtcdError`. */
export async function setValue(
  store: Store<string>,
  live: LiveConfig,
  history: History,
  key: string,
  body: unknown,
): Promise<Written> {
  if (!isConfigKey(key)) throw new HttpError(404, `there is no setting ${JSON.stringify(key)}`);
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) throw new HttpError(400, 'expected { "value": text or number, "revision": optional number }');
  const { value, revision } = parsed.data;

  // Checked against the last good values, not the stored ones: one bad key must not keep another from being mended.
  const checked = live.good === undefined ? checkValue(key, value) : check({ ...live.good.raw, [key]: value });
  if (!checked.ok) {
    const { reason } = checked;
    const keys = [{ key, from: live.stored.get(key)?.value ?? null, to: value }];
    history.add({ outcome: "refused", seen: "request", revision: null, keys, reason });
    throw new HttpError(400, reason);
  }

  const expected = revision ?? (await store.get(key))?.modRevision ?? 0n;
  const result = await store.compareAndSet(key, expected, value);
  if (!result.ok) {
    const current = result.current && { value: result.current.value, revision: Number(result.current.modRevision) };
    throw new HttpError(409, `${key} has changed meanwhile`, { current: current ?? null });
  }
  return { key, value, revision: Number(result.revision) };
}
