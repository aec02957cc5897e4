/**
 * Alarms, which are replicated so that every member refuses alike: a member out of space or with corrupt data stops writes
 * in the whole cluster, and nothing but an operator's command clears it. In table `alarm` the key says everything.
 */
import type { WriteBuffer } from "../mvcc/write-buffer.js";
import type { Alarm, AlarmType } from "./command.js";

/** By the first byte of a record's key (etcd's enum has the same numbers). */
const TYPES: readonly AlarmType[] = ["none", "no-space", "corrupt"];
const PRESENT: Uint8Array = Uint8Array.of(1);

export class Alarms {
  readonly #buffer: WriteBuffer;
  /** In the order of their keys: by type, then by member. */
  #active: readonly Alarm[];

  constructor(buffer: WriteBuffer) {
    this.#buffer = buffer;
    this.#active = Array.from(buffer.range("alarm", new Uint8Array(0), undefined), ({ key }) => decodeKey(key));
  }

  get active(): readonly Alarm[] {
    return this.#active;
  }

  /** Whether any member raised it. */
  has(alarm: AlarmType): boolean {
    return this.#active.some((active) => active.alarm === alarm);
  }

  /** Those of one type, or all for `none`. */
  list(alarm: AlarmType): readonly Alarm[] {
    return alarm === "none" ? this.#active : this.#active.filter((active) => active.alarm === alarm);
  }

  /** The alarm that now stands, also when it did before; nothing for `none`. */
  activate(alarm: Alarm): readonly Alarm[] {
    if (alarm.alarm === "none") return [];
    if (!this.#active.some((active) => same(active, alarm))) {
      this.#active = [...this.#active, alarm].sort(byKey);
      this.#buffer.put("alarm", encodeKey(alarm), PRESENT);
    }
    return [alarm];
  }

  /** The alarm that was cleared; nothing when exactly this one did not stand. Member 0 is no wildcard. */
  deactivate(alarm: Alarm): readonly Alarm[] {
    const left = this.#active.filter((active) => !same(active, alarm));
    if (left.length === this.#active.length) return [];
    this.#active = left;
    this.#buffer.delete("alarm", encodeKey(alarm));
    return [alarm];
  }
}

function same(a: Alarm, b: Alarm): boolean {
  return a.alarm === b.alarm && a.memberId === b.memberId;
}

function byKey(a: Alarm, b: Alarm): number {
  return TYPES.indexOf(a.alarm) - TYPES.indexOf(b.alarm) || (a.memberId < b.memberId ? -1 : 1);
}

function encodeKey({ alarm, memberId }: Alarm): Uint8Array {
  const key = new Uint8Array(9);
  const view = new DataView(key.buffer);
  view.setUint8(0, TYPES.indexOf(alarm));
  view.setBigUint64(1, memberId);
  return key;
}

function decodeKey(key: Uint8Array): Alarm {
  const view = new DataView(key.buffer, key.byteOffset);
  return { alarm: TYPES[view.getUint8(0)] ?? "none", memberId: view.getBigUint64(1) };
}
