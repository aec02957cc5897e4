/**
 * Who belongs to the cluster, as of the last applied entry. The records lie in table `member`, in the same transaction as
 * everything else the entry did: a second store for them is how etcd lost promotions and kept dead members alive (its
 * issues 19563 and 20995). An id that was removed is remembered and banned for ever.
 */
import { ServerError } from "../errors.js";
import type { ConfState } from "../mvcc/backend.js";
import type { WriteBuffer } from "../mvcc/write-buffer.js";
import type { ConfChange, Member } from "./command.js";
import { decodeMember, encodeMember, memberKey, REMOVED_MARK, removedKey } from "./member-record.js";

export class Membership {
  readonly #buffer: WriteBuffer;
  readonly #members = new Map<bigint, Member>();
  readonly #removed = new Set<bigint>();
  /** In the order they are listed; made anew with every change. */
  #list: readonly Member[];

  constructor(buffer: WriteBuffer) {
    this.#buffer = buffer;
    for (const { key, value } of buffer.range("member", memberKey(0n), removedKey(0n))) {
      const member = decodeMember(value);
      this.#members.set(new DataView(key.buffer, key.byteOffset).getBigUint64(1), member);
    }
    for (const { key } of buffer.range("member", removedKey(0n), undefined)) {
      this.#removed.add(new DataView(key.buffer, key.byteOffset).getBigUint64(1));
    }
    this.#list = listed(this.#members);
  }

  /** By first peer URL, as etcd lists them. */
  get members(): readonly Member[] {
    return this.#list;
  }

  member(id: bigint): Member | undefined {
    return this.#members.get(id);
  }

  /** Ids that are banned because they were members once. */
  get removed(): readonly bigint[] {
    return [...this.#removed];
  }

  isRemoved(id: bigint): boolean {
    return this.#removed.has(id);
  }

  /** The configuration that these members make; ids ascending. */
  get confState(): ConfState {
    const ids = (isLearner: boolean): bigint[] =>
      this.#list
        .filter((member) => member.isLearner === isLearner)
        .map(({ id }) => id)
        .sort((a, b) => (a < b ? -1 : 1));
    return { voters: ids(false), learners: ids(true), votersOutgoing: [], learnersNext: [], autoLeave: false };
  }

  /**
   * Makes the change, or throws and makes none: `memberNotFound` (a removed id too), `memberExists`, `peerUrlExists`, and
   * `memberNotEnoughStarted` for the removal of the last voter. Limits that are settings of a member, such as the number
   * of learners, are looked at before the change is proposed.
   */
  apply({ type, member }: ConfChange): void {
    if (this.#removed.has(member.id)) throw new ServerError("memberNotFound");
    const known = this.#members.get(member.id);
    switch (type) {
      case "add-voter":
        // The vote of a learner: nothing but its role changes, or what it has published would be lost.
        if (known?.isLearner) this.#save({ ...known, isLearner: false });
        else this.#add(known, { ...member, isLearner: false });
        break;
      case "add-learner":
        this.#add(known, { ...member, isLearner: true });
        break;
      case "update":
        if (known === undefined) throw new ServerError("memberNotFound");
        this.#refuseTakenUrls(member);
        this.#save({ ...known, peerUrls: member.peerUrls });
        break;
      case "remove":
        if (known === undefined) throw new ServerError("memberNotFound");
        this.#remove(known);
    }
  }

  /** What a member tells of itself after it started. It has no effect for one that is not, or no longer, a member. */
  publish(id: bigint, name: string, clientUrls: readonly string[]): void {
    const known = this.#members.get(id);
    if (known !== undefined) this.#save({ ...known, name, clientUrls });
  }

  #add(known: Member | undefined, member: Member): void {
    if (known !== undefined) throw new ServerError("memberExists");
    this.#refuseTakenUrls(member);
    this.#save(member);
  }

  #remove(member: Member): void {
    const others = this.#list.filter(({ id, isLearner }) => id !== member.id && !isLearner);
    if (others.length === 0) throw new ServerError("memberNotEnoughStarted");
    this.#members.delete(member.id);
    this.#removed.add(member.id);
    this.#buffer.delete("member", memberKey(member.id));
    this.#buffer.put("member", removedKey(member.id), REMOVED_MARK);
    this.#list = listed(this.#members);
  }

  #refuseTakenUrls({ id, peerUrls }: Member): void {
    const taken = this.#list.some((other) => other.id !== id && other.peerUrls.some((url) => peerUrls.includes(url)));
    if (taken) throw new ServerError("peerUrlExists");
  }

  #save(member: Member): void {
    this.#members.set(member.id, member);
    this.#buffer.put("member", memberKey(member.id), encodeMember(member));
    this.#list = listed(this.#members);
  }
}

function listed(members: ReadonlyMap<bigint, Member>): readonly Member[] {
  return [...members.values()].sort((a, b) => {
    const [first = "", second = ""] = [a.peerUrls[0], b.peerUrls[0]];
    return first < second || (first === second && a.id < b.id) ? -1 : 1;
  });
}
