/**
 * The configuration that readers get. It follows `/config/*` and changes only when everything that is stored makes a valid
 * whole; anything else is noted as refused, and the last good configuration stays.
 */
import { type ListResult, prefix, type Store, type WatchBatch } from "@kvorum/client";
import { follow, type View } from "../shared/follow.js";
import type { Change, History } from "./history.js";
import { type Config, type ConfigKey, check, configKeys, defaults, isConfigKey, type RawConfig } from "./schema.js";

/** One key as it is stored now, good or bad. */
export interface StoredValue {
  readonly value: string;
  /** Of its last change; the condition of the next write. */
  readonly revision: bigint;
}

type ChangedKey = Change["keys"][number];

export class LiveConfig implements View<string> {
  /** Keys without the leading `/config/`. */
  readonly #store: Store<string>;
  readonly #history: History;
  #stored = new Map<ConfigKey, StoredValue>();
  #good: { readonly config: Config; readonly raw: RawConfig; readonly revision: bigint } | undefined;
  #problem: string | undefined;

  constructor(store: Store<string>, history: History) {
    this.#store = store;
    this.#history = history;
  }

  /** The last good configuration and the revision at which it became one. Undefined until there has been one. */
  get good(): { readonly config: Config; readonly raw: RawConfig; readonly revision: bigint } | undefined {
    return this.#good;
  }

  get stored(): ReadonlyMap<ConfigKey, StoredValue> {
    return this.#stored;
  }

  /** Why what is stored now is not what readers get; undefined where it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Writes the default of every key that does not exist. Of several services that start at once, one wins each key. */
  async seed(): Promise<void> {
    for (const key of configKeys) await this.#store.create(key, defaults[key]);
  }

  /** Follows the store until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return follow(this.#store, prefix(""), this, signal);
  }

  reset(all: ListResult<string>): void {
    const before = this.#stored;
    this.#stored = new Map();
    for (const { key, value, modRevision } of all.kvs) {
      if (isConfigKey(key)) this.#stored.set(key, { value, revision: modRevision });
    }
    this.#judge(all.header.revision, changedKeys(before, this.#stored));
  }

  apply(batch: WatchBatch<string>): void {
    const before = new Map(this.#stored);
    for (const event of batch.events) {
      if (event.type === "put" && isConfigKey(event.kv.key)) {
        this.#stored.set(event.kv.key, { value: event.kv.value, revision: event.kv.modRevision });
      }
      if (event.type === "delete" && isConfigKey(event.key)) this.#stored.delete(event.key);
    }
    this.#judge(batch.revision, changedKeys(before, this.#stored));
  }

  /** What one transaction wrote is judged together: two keys that only fit each other may change at once. */
  #judge(revision: bigint, keys: readonly ChangedKey[]): void {
    const raw: RawConfig = Object.fromEntries([...this.#stored].map(([key, { value }]) => [key, value]));
    const checked = check(raw);
    const first = this.#good === undefined;
    this.#problem = checked.ok ? undefined : checked.reason;
    if (checked.ok) this.#good = { config: checked.value, raw, revision };
    // What was there before this service started is no change, unless it is no configuration.
    if (keys.length === 0 || (first && checked.ok)) return;
    const seen = { seen: "etcd", revision: Number(revision), keys } as const;
    this.#history.add(
      checked.ok ? { outcome: "accepted", ...seen } : { outcome: "refused", reason: checked.reason, ...seen },
    );
  }
}

function changedKeys(before: ReadonlyMap<ConfigKey, StoredValue>, after: typeof before): ChangedKey[] {
  return configKeys
    .filter((key) => before.get(key)?.revision !== after.get(key)?.revision)
    .map((key) => ({ key, from: before.get(key)?.value ?? null, to: after.get(key)?.value ?? null }));
}
