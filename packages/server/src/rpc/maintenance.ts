/** The Maintenance service. Defragment, Snapshot and Hash concern the member that is asked, alarms the whole cluster. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { AlarmRequest_AlarmAction, AlarmType, type Maintenance, type SnapshotResponseSchema } from "@kvorum/proto";
import type { CallContext, ServiceImplementation } from "@kvorum/transport";
import type { Alarm, AlarmType as CoreAlarmType } from "../core/apply/command.js";
import { ServerError } from "../core/errors.js";
import { DIGEST_BYTES } from "../io/snapshot/format.js";
import { outgoingSnapshot } from "../io/snapshot/outgoing.js";
import type { NodeApi } from "../node/api.js";
import { downgrade } from "./downgrade.js";
import { headerOf } from "./header.js";
import type { RpcParts } from "./parts.js";
import { traceOf } from "./trace.js";

/** Bytes of the file in one message of the Snapshot stream. */
const SNAPSHOT_BLOB_BYTES = 32 * 1024;

const TO_ALARM: Readonly<Record<number, CoreAlarmType>> = {
  [AlarmType.NOSPACE]: "no-space",
  [AlarmType.CORRUPT]: "corrupt",
};

const FROM_ALARM: Readonly<Record<CoreAlarmType, AlarmType>> = {
  none: AlarmType.NONE,
  "no-space": AlarmType.NOSPACE,
  corrupt: AlarmType.CORRUPT,
};

const TO_ACTION: Readonly<Record<number, "activate" | "deactivate">> = {
  [AlarmRequest_AlarmAction.ACTIVATE]: "activate",
  [AlarmRequest_AlarmAction.DEACTIVATE]: "deactivate",
};

export function maintenanceService(parts: RpcParts): ServiceImplementation<typeof Maintenance> {
  const { node, auth, apiVersion, quotaBytes } = parts;
  return {
    async alarm({ action, memberID, alarm }, context) {
      const command = {
        kind: "alarm",
        action: TO_ACTION[action] ?? "get",
        memberId: memberID,
        alarm: TO_ALARM[alarm] ?? "none",
      } as const;
      const result = await node.propose(command, undefined, traceOf(context));
      return { header: headerOf(node, result.revision), alarms: result.alarms.map(alarmMember) };
    },

    status() {
      const { raftStatus, backendSize, header } = node;
      return {
        header: headerOf(node),
        version: apiVersion,
        dbSize: BigInt(backendSize.bytes),
        dbSizeInUse: BigInt(backendSize.bytesInUse),
        dbSizeQuota: BigInt(quotaBytes),
        leader: raftStatus.lead,
        raftIndex: BigInt(raftStatus.commitIndex),
        raftAppliedIndex: BigInt(raftStatus.appliedIndex),
        raftTerm: BigInt(raftStatus.term),
        isLearner: raftStatus.confState.learners.includes(header.memberId),
        errors: statusErrors(node),
        storageVersion: apiVersion,
        downgradeInfo: { enabled: node.downgradeTarget !== undefined, targetVersion: node.downgradeTarget ?? "" },
      };
    },

    async hash() {
      return { header: headerOf(node), hash: await node.hash() };
    },

    async hashKV({ revision }) {
      const { hash, compactRevision, hashRevision } = await node.hashKv(revision);
      return { header: headerOf(node), hash, compactRevision, hashRevision };
    },

    async defragment() {
      await node.defragment();
      return {};
    },

    downgrade: (request, context) => downgrade(parts, request, auth?.identities.of(context), traceOf(context)),

    async moveLeader({ targetID }) {
      await node.moveLeader(targetID);
      return {};
    },

    snapshot: (_request, context) => sendSnapshot(parts, context),
  };
}

/** The file in blobs, then its digest alone in the last message. `remainingBytes` counts the file down to 0. */
async function* sendSnapshot(
  { node, ends, pause, apiVersion, metrics, observing }: RpcParts,
  context: CallContext,
): AsyncGenerator<MessageInitShape<typeof SnapshotResponseSchema>, void, undefined> {
  const startMs = observing.clock.nowMs();
  let stopped = false;
  const forget = ends.add(false, () => {
    stopped = true;
  });
  try {
    const { clusterId, revision } = node.header;
    const body = await outgoingSnapshot(node.snapshot(), {
      clusterId,
      revision,
      compactRevision: node.stats.compactRevision,
      pieceBytes: SNAPSHOT_BLOB_BYTES,
      pause,
    });
    try {
      let remaining = body.bytes;
      for await (const blob of body.pieces) {
        if (stopped) throw new ServerError("stopped");
        context.signal.throwIfAborted();
        remaining -= blob.length;
        yield { remainingBytes: BigInt(Math.max(0, remaining - DIGEST_BYTES)), blob, version: apiVersion };
      }
      metrics.node.backendSnapshot.observe((observing.clock.nowMs() - startMs) / 1000);
    } finally {
      body.close();
    }
  } finally {
    forget();
  }
}

function alarmMember({ memberId, alarm }: Alarm): { memberID: bigint; alarm: AlarmType } {
  return { memberID: memberId, alarm: FROM_ALARM[alarm] };
}

/** Alarms in the form etcd's users read and match: Go's compact text of the message, trailing space included. */
function statusErrors(node: NodeApi): string[] {
  const errors = node.alarms.map(
    ({ memberId, alarm }) => `memberID:${memberId} alarm:${AlarmType[FROM_ALARM[alarm]]} `,
  );
  if (node.raftStatus.lead === 0n) errors.unshift(new ServerError("noLeader").message);
  return errors;
}
