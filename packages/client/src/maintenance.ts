/** Looking after single members. Every call may name its member with `endpoint`; without it any member answers. */
import { AlarmRequest_AlarmAction, AlarmType, Maintenance } from "@kvorum/proto";
import { type Header, toHeader } from "./kv/results.js";
import type { Caller } from "./net/caller.js";
import type { Streams } from "./net/streams.js";
import { type BigIntLike, type CallOptions, toBigInt } from "./options.js";
import { snapshotStream } from "./snapshot.js";

export interface MemberStatus {
  readonly header: Header;
  readonly version: string;
  /** Bytes allocated on disk, and bytes of them in use. */
  readonly dbSize: bigint;
  readonly dbSizeInUse: bigint;
  /** Member id; 0 when there is no leader. */
  readonly leader: bigint;
  readonly raftIndex: bigint;
  readonly raftAppliedIndex: bigint;
  readonly raftTerm: bigint;
  readonly isLearner: boolean;
  /** Alarms and "etcdserver: no leader". */
  readonly errors: readonly string[];
}

export interface Alarm {
  readonly memberId: bigint;
  readonly type: "no-space" | "corrupt";
}

export interface KvHash {
  readonly hash: number;
  /** -1 when never compacted. Hashes compare only between members where it is equal. */
  readonly compactRevision: bigint;
  /** The revision that was hashed; 0 from servers before 3.6. */
  readonly hashRevision: bigint;
  readonly header: Header;
}

/** Errors of every call: `EtcdError`, `signal.reason`. */
export interface MaintenanceApi {
  status(options?: CallOptions): Promise<MemberStatus>;
  /** Gives unused space of one member's file back. The member serves nothing meanwhile. Default timeout: a minute. */
  defragment(options?: CallOptions): Promise<void>;
  hashKv(options?: CallOptions & { readonly revision?: BigIntLike }): Promise<KvHash>;
  alarms(options?: CallOptions): Promise<Alarm[]>;
  /** Clears one alarm of one member, after its cause is gone. */
  clearAlarm(alarm: Alarm, options?: CallOptions): Promise<void>;
  /** The whole store of one member as a file, chunk by chunk. Cancelling the reader cancels the call. */
  snapshot(options?: Pick<CallOptions, "signal" | "endpoint">): ReadableStream<Uint8Array>;
}

const DEFRAGMENT_TIMEOUT_MS = 60_000;

export class MaintenanceClient implements MaintenanceApi {
  readonly #caller: Caller;
  readonly #streams: Streams;

  constructor(caller: Caller, streams: Streams) {
    this.#caller = caller;
    this.#streams = streams;
  }

  async status(options?: CallOptions): Promise<MemberStatus> {
    const answer = await this.#caller.unary(Maintenance.method.status, {}, "read", options);
    const { version, dbSize, dbSizeInUse, leader, raftIndex, raftAppliedIndex, raftTerm, isLearner, errors } = answer;
    return {
      header: toHeader(answer.header),
      ...{ version, dbSize, dbSizeInUse, leader, raftIndex, raftAppliedIndex, raftTerm, isLearner, errors },
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

  async alarms(options?: CallOptions): Promise<Alarm[]> {
    const request = { action: AlarmRequest_AlarmAction.GET };
    const answer = await this.#caller.unary(Maintenance.method.alarm, request, "read", options);
    return answer.alarms.flatMap(({ memberID, alarm }): Alarm[] => {
      if (alarm === AlarmType.NOSPACE) return [{ memberId: memberID, type: "no-space" }];
      return alarm === AlarmType.CORRUPT ? [{ memberId: memberID, type: "corrupt" }] : [];
    });
  }

  async clearAlarm(alarm: Alarm, options?: CallOptions): Promise<void> {
    const request = {
      action: AlarmRequest_AlarmAction.DEACTIVATE,
      memberID: alarm.memberId,
      alarm: alarm.type === "no-space" ? AlarmType.NOSPACE : AlarmType.CORRUPT,
    };
    await this.#caller.unary(Maintenance.method.alarm, request, "admin", options);
  }

  snapshot(options: Pick<CallOptions, "signal" | "endpoint"> = {}): ReadableStream<Uint8Array> {
    return snapshotStream(this.#streams, options);
  }
}
