/**
 * What members ask each other and answer, and what they tell of their cluster: the nouns of `peer-network.ts` in the
 * shapes of `proto/kvorum/internal/peer.proto`. What comes in is checked here, once.
 */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type AskRequest,
  type AskRequestSchema,
  type AskResponse,
  AskResponseSchema,
  type DescribeResponse,
  DescribeResponseSchema,
  type MemberChangeRequest,
  type MemberChangeRequestSchema,
  type MemberRecord,
  MemberRecordSchema,
} from "@kvorum/proto";
import type { Member } from "../../core/apply/command.js";
import type { ClusterDescription, MemberRequest, PeerAnswer, PeerQuestion } from "../../peer-network.js";
import { toSafeNumber } from "./numbers.js";

type QuestionInit = NonNullable<MessageInitShape<typeof AskRequestSchema>["question"]>;
type ChangeInit = NonNullable<MessageInitShape<typeof MemberChangeRequestSchema>["change"]>;

export function questionInit(question: PeerQuestion): QuestionInit {
  switch (question.kind) {
    case "lease-renew":
      return { case: "leaseRenew", value: question.id };
    case "lease-time-to-live":
      return { case: "leaseTimeToLive", value: question.id };
    case "member-change":
      return { case: "memberChange", value: { change: changeInit(question.request) } };
    case "hash-kv":
      return { case: "hashKv", value: question.revision };
  }
}

/** Throws `RangeError` for a question of a later version. */
export function toQuestion(question: AskRequest["question"]): PeerQuestion {
  switch (question.case) {
    case "leaseRenew":
      return { kind: "lease-renew", id: question.value };
    case "leaseTimeToLive":
      return { kind: "lease-time-to-live", id: question.value };
    case "memberChange":
      return { kind: "member-change", request: toMemberRequest(question.value) };
    case "hashKv":
      return { kind: "hash-kv", revision: question.value };
    default:
      throw new RangeError("a question is unknown to this version");
  }
}

export function toAskResponse(answer: PeerAnswer): AskResponse {
  return create(AskResponseSchema, { answer: answerInit(answer) });
}

/** Throws `RangeError` for an answer of a later version, or none. */
export function toAnswer({ answer }: AskResponse): PeerAnswer {
  switch (answer.case) {
    case "leaseRenew":
      return { kind: "lease-renew", ttlSeconds: toSafeNumber(answer.value.ttlSeconds, "lease TTL") };
    case "leaseTimeToLive": {
      const { ttlSeconds, grantedTtlSeconds, keys } = answer.value;
      return {
        kind: "lease-time-to-live",
        ttlSeconds: toSafeNumber(ttlSeconds, "lease TTL"),
        grantedTtlSeconds: toSafeNumber(grantedTtlSeconds, "granted TTL"),
        keys: keys.map((key) => key.slice()),
      };
    }
    case "memberChange": {
      const { member, members } = answer.value;
      return { kind: "member-change", member: member && toMember(member), members: members.map(toMember) };
    }
    case "hashKv": {
      const { hash, compactRevision, hashRevision } = answer.value;
      return { kind: "hash-kv", hash, compactRevision, hashRevision };
    }
    default:
      throw new RangeError("an answer is missing or unknown to this version");
  }
}

export function toDescribeResponse({ clusterId, members, removed }: ClusterDescription): DescribeResponse {
  return create(DescribeResponseSchema, { clusterId, members: members.map(toMemberRecord), removed: [...removed] });
}

export function toClusterDescription({ clusterId, members, removed }: DescribeResponse): ClusterDescription {
  return { clusterId, members: members.map(toMember), removed };
}

function answerInit(answer: PeerAnswer): NonNullable<MessageInitShape<typeof AskResponseSchema>["answer"]> {
  switch (answer.kind) {
    case "lease-renew":
      return { case: "leaseRenew", value: { ttlSeconds: BigInt(answer.ttlSeconds) } };
    case "lease-time-to-live": {
      const { ttlSeconds, grantedTtlSeconds, keys } = answer;
      const value = {
        ttlSeconds: BigInt(ttlSeconds),
        grantedTtlSeconds: BigInt(grantedTtlSeconds),
        keys: keys.map((key) => key.slice()),
      };
      return { case: "leaseTimeToLive", value };
    }
    case "member-change": {
      const { member, members } = answer;
      const added = member === undefined ? {} : { member: toMemberRecord(member) };
      return { case: "memberChange", value: { ...added, members: members.map(toMemberRecord) } };
    }
    case "hash-kv": {
      const { hash, compactRevision, hashRevision } = answer;
      return { case: "hashKv", value: { hash, compactRevision, hashRevision } };
    }
  }
}

function changeInit(request: MemberRequest): ChangeInit {
  switch (request.kind) {
    case "add":
      return { case: "add", value: { peerUrls: [...request.peerUrls], isLearner: request.isLearner } };
    case "remove":
      return { case: "remove", value: request.id };
    case "update":
      return { case: "update", value: { id: request.id, peerUrls: [...request.peerUrls] } };
    case "promote":
      return { case: "promote", value: request.id };
  }
}

function toMemberRequest({ change }: MemberChangeRequest): MemberRequest {
  switch (change.case) {
    case "add":
      return { kind: "add", peerUrls: change.value.peerUrls, isLearner: change.value.isLearner };
    case "remove":
      return { kind: "remove", id: change.value };
    case "update":
      return { kind: "update", id: change.value.id, peerUrls: change.value.peerUrls };
    case "promote":
      return { kind: "promote", id: change.value };
    default:
      throw new RangeError("a membership change is unknown to this version");
  }
}

function toMemberRecord({ id, name, peerUrls, clientUrls, isLearner }: Member): MemberRecord {
  return create(MemberRecordSchema, { id, name, peerUrls: [...peerUrls], clientUrls: [...clientUrls], isLearner });
}

function toMember({ id, name, peerUrls, clientUrls, isLearner }: MemberRecord): Member {
  return { id, name, peerUrls, clientUrls, isLearner };
}
