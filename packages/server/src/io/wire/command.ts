/**
 * Commands and membership changes as the data of log entries: `kvorum.internal.Command` and `ConfChange`. Each carries
 * the id of the request that proposed it, so that the member it came from can answer when the entry is applied.
 *
 * Decoded keys and values are views into the entry's data, which the log and the event feed keep as a whole anyway; the
 * store copies what it puts into the backend by encoding it.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type AlarmRequest_AlarmAction,
  type AlarmType as AlarmTypeMessage,
  type Command as CommandMessage,
  CommandSchema,
  ConfChangeSchema,
  ConfChangeType,
  decodeMessage,
  encodeMessage,
  type Identity as IdentityMessage,
  MemberRecordSchema,
  type Slab,
} from "@kvorum/proto";
import type { AlarmType, Command, ConfChange } from "../../core/apply/command.js";
import type { Identity } from "../../core/auth/types.js";
import { authCommandInit, toAuthCommand } from "./auth-command.js";
import { toSafeNumber } from "./numbers.js";
import { deleteRangeRequest, putRequest, toDeleteRange, toPut, toTxn, txnRequest } from "./operations.js";

/** A decoded entry and the id of the request it came from. */
export interface Requested<T> {
  readonly requestId: bigint;
  readonly content: T;
}

/** Undefined: the node itself, or anybody while authentication was off. */
export interface RequestedCommand extends Requested<Command> {
  readonly identity: Identity | undefined;
}

type AlarmCommand = Extract<Command, { kind: "alarm" }>;
type CommandInit = NonNullable<MessageInitShape<typeof CommandSchema>["command"]>;

const ALARM_TYPES: readonly AlarmType[] = ["none", "no-space", "corrupt"];
const ALARM_ACTIONS: readonly AlarmCommand["action"][] = ["get", "activate", "deactivate"];

const CONF_CHANGE_TYPES = {
  "add-voter": ConfChangeType.ADD_VOTER,
  "add-learner": ConfChangeType.ADD_LEARNER,
  remove: ConfChangeType.REMOVE,
  update: ConfChangeType.UPDATE,
} as const;

/** `memory`: where the bytes are to stand. Default: they have memory of their own. */
export function encodeCommand(requestId: bigint, command: Command, identity?: Identity, memory?: Slab): Uint8Array {
  const init = { requestId, command: commandInit(command) };
  return encodeMessage(CommandSchema, identity === undefined ? init : { ...init, identity }, memory);
}

/** Throws for a command of a later version: skipping it would make this member's state diverge. */
export function decodeCommand(bytes: Uint8Array): RequestedCommand {
  const message = decodeMessage(CommandSchema, bytes);
  return { requestId: message.requestId, content: toCommand(message), identity: toIdentity(message.identity) };
}

export function encodeConfChange(requestId: bigint, { type, member }: ConfChange): Uint8Array {
  const context = encodeMessage(MemberRecordSchema, {
    id: member.id,
    name: member.name,
    peerUrls: [...member.peerUrls],
    clientUrls: [...member.clientUrls],
    isLearner: member.isLearner,
  });
  return encodeMessage(ConfChangeSchema, { type: CONF_CHANGE_TYPES[type], memberId: member.id, context, requestId });
}

/** Throws for a kind of change of a later version. */
export function decodeConfChange(bytes: Uint8Array): Requested<ConfChange> {
  const message = decodeMessage(ConfChangeSchema, bytes);
  const { name, peerUrls, clientUrls, isLearner } = decodeMessage(MemberRecordSchema, message.context);
  const member = { id: message.memberId, name, peerUrls, clientUrls, isLearner };
  return { requestId: message.requestId, content: { type: toConfChangeType(message.type), member } };
}

function toIdentity(message: IdentityMessage | undefined): Identity | undefined {
  return message && { user: message.user, authRevision: message.authRevision };
}

function toConfChangeType(type: ConfChangeType): ConfChange["type"] {
  switch (type) {
    case ConfChangeType.ADD_VOTER:
      return "add-voter";
    case ConfChangeType.ADD_LEARNER:
      return "add-learner";
    case ConfChangeType.REMOVE:
      return "remove";
    case ConfChangeType.UPDATE:
      return "update";
    default:
      throw new RangeError(`membership change ${type as number} is unknown to this version`);
  }
}

function commandInit(command: Command): CommandInit {
  switch (command.kind) {
    case "put":
      return { case: "put", value: putRequest(command) };
    case "delete-range":
      return { case: "deleteRange", value: deleteRangeRequest(command) };
    case "txn":
      return { case: "txn", value: txnRequest(command) };
    case "compaction":
      return { case: "compaction", value: { revision: command.revision, physical: command.physical } };
    case "lease-grant":
      return { case: "leaseGrant", value: { id: command.id, ttlSeconds: BigInt(command.ttlSeconds) } };
    case "lease-revoke":
      return { case: "leaseRevoke", value: { id: command.id, leaderTerm: BigInt(command.leaderTerm) } };
    case "lease-checkpoint":
      return { case: "leaseCheckpoint", value: checkpointsInit(command) };
    case "member-attributes": {
      const { memberId, name, clientUrls } = command;
      return { case: "memberAttributes", value: { memberId, name, clientUrls: [...clientUrls] } };
    }
    case "alarm":
      return { case: "alarm", value: alarmInit(command) };
    case "cluster-version":
      return { case: "clusterVersion", value: { version: command.version } };
    case "downgrade":
      return { case: "downgrade", value: { target: command.target ?? "" } };
    default:
      return authCommandInit(command);
  }
}

function checkpointsInit({ checkpoints, leaderTerm }: Extract<Command, { kind: "lease-checkpoint" }>): {
  checkpoints: { ID: bigint; remainingTTL: bigint }[];
  leaderTerm: bigint;
} {
  return {
    checkpoints: checkpoints.map(({ id, remainingTtlSeconds }) => ({
      ID: id,
      remainingTTL: BigInt(remainingTtlSeconds),
    })),
    leaderTerm: BigInt(leaderTerm),
  };
}

function alarmInit({ action, memberId, alarm }: AlarmCommand): {
  action: AlarmRequest_AlarmAction;
  memberID: bigint;
  alarm: AlarmTypeMessage;
} {
  return {
    action: ALARM_ACTIONS.indexOf(action) as AlarmRequest_AlarmAction,
    memberID: memberId,
    alarm: ALARM_TYPES.indexOf(alarm) as AlarmTypeMessage,
  };
}

function toCommand(message: CommandMessage): Command {
  const { command } = message;
  switch (command.case) {
    case "put":
      return toPut(command.value);
    case "deleteRange":
      return toDeleteRange(command.value);
    case "txn":
      return toTxn(command.value);
    case "compaction":
      return { kind: "compaction", revision: command.value.revision, physical: command.value.physical };
    case "leaseGrant": {
      const { id, ttlSeconds } = command.value;
      return { kind: "lease-grant", id, ttlSeconds: toSafeNumber(ttlSeconds, "lease TTL") };
    }
    case "leaseRevoke": {
      const { id, leaderTerm } = command.value;
      return { kind: "lease-revoke", id, leaderTerm: toSafeNumber(leaderTerm, "leader term") };
    }
    case "leaseCheckpoint": {
      const checkpoints = command.value.checkpoints.map(({ ID, remainingTTL }) => ({
        id: ID,
        remainingTtlSeconds: toSafeNumber(remainingTTL, "remaining TTL"),
      }));
      const leaderTerm = toSafeNumber(command.value.leaderTerm, "leader term");
      return { kind: "lease-checkpoint", checkpoints, leaderTerm };
    }
    case "memberAttributes": {
      const { memberId, name, clientUrls } = command.value;
      return { kind: "member-attributes", memberId, name, clientUrls };
    }
    case "alarm":
      return toAlarm(command.value.action, command.value.memberID, command.value.alarm);
    case "clusterVersion":
      return { kind: "cluster-version", version: command.value.version };
    case "downgrade":
      return { kind: "downgrade", target: command.value.target === "" ? undefined : command.value.target };
    default: {
      const change = toAuthCommand(message);
      if (change === undefined) throw new RangeError("an entry holds a command that is unknown to this version");
      return change;
    }
  }
}

function toAlarm(actionNumber: AlarmRequest_AlarmAction, memberId: bigint, alarmNumber: AlarmTypeMessage): Command {
  const action = ALARM_ACTIONS[actionNumber];
  const alarm = ALARM_TYPES[alarmNumber];
  if (action === undefined || alarm === undefined) throw new RangeError("an alarm is unknown to this version");
  return { kind: "alarm", action, memberId, alarm };
}
