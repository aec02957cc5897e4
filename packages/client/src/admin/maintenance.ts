/** Looking after single members. Every call may name its member with `endpoint`; without it any member answers. */
import { AlarmRequest_AlarmAction, AlarmType, DowngradeRequest_DowngradeAction, Maintenance } from "@kvorum/proto";
import { isEtcdError } from "../errors.js";
import { type Header, toHeader } from "../kv/results.js";
import type { Caller } from "../net/caller.js";
import type { Streams } from "../net/streams.js";
import { type BigIntLike, type CallOptions, toBigInt } from "../options.js";
import { type Alarm, alarmType, toAlarms } from "./alarm.js";
import { toMemberId } from "./member-id.js";
import { type Snapshot, type SnapshotOptions, snapshotStream } from "./snapshot.js";

export interface MemberStatus {
  readonly header: Header;
  readonly version: string;
  /** Bytes allocated on disk, and bytes of them in use. */
  readonly dbSize: bigint;
  readonly dbSizeInUse: bigint;
  /** Bytes at which writes are refused; 0 from servers before 3.6. */
  readonly dbSizeQuota: bigint;
  /** Of the storage format, as `MAJOR.MINOR.0`; empty from servers before 3.6. */
  readonly storageVersion: string;
  /** Member id; 0 when there is no leader. */
  readonly leader: bigint;
  readonly raftIndex: bigint;
  readonly raftAppliedIndex: bigint;
  readonly raftTerm: bigint;
  readonly isLearner: boolean;
  /** Alarms and "etcdserver: no leader". */
  readonly errors: readonly string[];
  /** The version that a downgrade under way leads to. */
  readonly downgradeTo: string | undefined;
}

export interface HashResult {
  readonly hash: number;
  readonly header: Header;
}

export interface KvHash extends HashResult {
  /** -1 when never compacted. Hashes compare only between members where it is equal. */
  readonly compactRevision: bigint;
  /** The revision that was hashed; 0 from servers before 3.6. */
  readonly hashRevision: bigint;
}

/** Errors of every call: `EtcdError`, `signal.reason`. */
export interface MaintenanceApi {
  status(options?: CallOptions): Promise<MemberStatus>;
  /** Gives unused space of one member's file back. The member serves nothing meanwhile. Default timeout: a minute. */
  defragment(options?: CallOptions): Promise<void>;
  /** Of the keys and their history up to a revision: equal members have equal hashes. 0: the newest. */
  hashKv(options?: CallOptions & { readonly revision?: BigIntLike }): Promise<KvHash>;
  /** Of one member's whole store, alarms and leases included; only for the same member, before and after. */
  hash(options?: CallOptions): Promise<HashResult>;
  alarms(options?: CallOptions): Promise<Alarm[]>;
  /** Clears one alarm of one member, after its cause is gone. */
  clearAlarm(alarm: Alarm, options?: CallOptions): Promise<void>;
  /** Clears all alarms and resolves with what they were. */
  clearAlarms(options?: CallOptions): Promise<Alarm[]>;
  /**
   * Makes another member the leader. Only the leader can: the call goes to it by itself where it is an endpoint of this client
   * and none was named. Resolves when the other leads.
   *
   * Errors: `not-leader` where the endpoint that was named does not lead, `bad-leader-transferee`.
   */
  moveLeader(to: BigIntLike, options?: CallOptions): Promise<void>;
  /**
   * Going one minor version back, since etcd 3.6: whether it is possible, starting it (the servers are then exchanged one by
   * one), and giving it up. Resolves with the cluster's version.
   *
   * Errors: `downgrade-version-invalid`, `downgrade-in-process`, `downgrade-not-in-process`; `not-supported`.
   */
  readonly downgrade: DowngradeApi;
  /**
   * The whole store of one member as a file, checked against the digest at its end while it is read. Cancelling the reader
   * cancels the call. `version` is that of the storage format.
   *
   * Errors of reading: `EtcdError` with `DATA_LOSS` when it ends early or does not match its digest: what was read is no
   * snapshot then.
   */
  snapshot(options?: SnapshotOptions): Snapshot;
}

export interface DowngradeApi {
  validate(version: string, options?: CallOptions): Promise<string>;
  enable(version: string, options?: CallOptions): Promise<string>;
  cancel(options?: CallOptions): Promise<string>;
}

const DEFRAGMENT_TIMEOUT_MS = 60_000;

export class MaintenanceClient implements MaintenanceApi {
  readonly downgrade: DowngradeApi;
  readonly #caller: Caller;
  readonly #streams: Streams;
  readonly #addresses: () => readonly string[];

  constructor(caller: Caller, streams: Streams, addresses: () => readonly string[]) {
    this.#caller = caller;
    this.#streams = streams;
    this.#addresses = addresses;
    const { VALIDATE, ENABLE, CANCEL } = DowngradeRequest_DowngradeAction;
    this.downgrade = {
      validate: (version, options) => this.#downgrade(VALIDATE, version, options),
      enable: (version, options) => this.#downgrade(ENABLE, version, options),
      cancel: (options) => this.#downgrade(CANCEL, "", options),
    };
  }

  async status(options?: CallOptions): Promise<MemberStatus> {
    const answer = await this.#caller.unary(Maintenance.method.status, {}, "read", options);
    const { version, dbSize, dbSizeInUse, leader, raftIndex, raftAppliedIndex, raftTerm, isLearner, errors } = answer;
    const { dbSizeQuota, storageVersion, downgradeInfo } = answer;
    return {
      header: toHeader(answer.header),
      ...{ version, dbSize, dbSizeInUse, leader, raftIndex, raftAppliedIndex, raftTerm, isLearner, errors },
      ...{ dbSizeQuota, storageVersion },
      downgradeTo: downgradeInfo?.enabled ? downgradeInfo.targetVersion : undefined,
    };
  }

  async defragment(options?: CallOptions): Promise<void> {
    const patient = { timeout: DEFRAGMENT_TIMEOUT_MS, ...options };
    await this.#caller.unary(Maintenance.method.defragment, {}, "admin", patient);
  }

  async hashKv(options?: CallOptions & { readonly revision?: BigIntLike }): Promise<KvHash> {
    const request = { revision: toBigInt(options?.revision ?? 0n, "revision") };
    const answer = await this.#caller.unary(Maintenance.method.hashKV, request, "read", options);
    const { hash, compactRevision, hashRevision } = answer;
    return { hash, compactRevision, hashRevision, header: toHeader(answer.header) };
  }

  async hash(options?: CallOptions): Promise<HashResult> {
    const { hash, header } = await this.#caller.unary(Maintenance.method.hash, {}, "read", options);
    return { hash, header: toHeader(header) };
  }

  async alarms(options?: CallOptions): Promise<Alarm[]> {
    const request = { action: AlarmRequest_AlarmAction.GET, alarm: AlarmType.NONE };
    return toAlarms(await this.#caller.unary(Maintenance.method.alarm, request, "read", options));
  }

  async clearAlarm(alarm: Alarm, options?: CallOptions): Promise<void> {
    const { DEACTIVATE } = AlarmRequest_AlarmAction;
    const request = { action: DEACTIVATE, memberID: alarm.memberId, alarm: alarmType(alarm) };
    await this.#caller.unary(Maintenance.method.alarm, request, "admin", options);
  }

  async clearAlarms(options?: CallOptions): Promise<Alarm[]> {
    const alarms = await this.alarms(options);
    for (const alarm of alarms) await this.clearAlarm(alarm, options);
    return alarms;
  }

  async moveLeader(to: BigIntLike, options: CallOptions = {}): Promise<void> {
    const request = { targetID: toMemberId(to, "to") };
    const endpoint = options.endpoint ?? (await this.#leaderEndpoint(options));
    const there = endpoint === undefined ? options : { ...options, endpoint };
    await this.#caller.unary(Maintenance.method.moveLeader, request, "admin", there);
  }

  snapshot(options: SnapshotOptions = {}): Snapshot {
    return snapshotStream(this.#streams, options);
  }

  /** The endpoint whose member takes itself for the leader; undefined when none of them does. */
  async #leaderEndpoint(options: CallOptions): Promise<string | undefined> {
    const found = await Promise.all(
      this.#addresses().map(async (endpoint) => {
        try {
          const { header, leader } = await this.status({ ...options, endpoint, retry: "never" });
          return leader !== 0n && header.memberId === leader ? endpoint : undefined;
        } catch (error) {
          if (!isEtcdError(error)) throw error;
          return undefined;
        }
      }),
    );
    return found.find((endpoint) => endpoint !== undefined);
  }

  async #downgrade(
    action: DowngradeRequest_DowngradeAction,
    version: string,
    options: CallOptions | undefined,
  ): Promise<string> {
    const answer = await this.#caller.unary(Maintenance.method.downgrade, { action, version }, "admin", options);
    return answer.version;
  }
}
