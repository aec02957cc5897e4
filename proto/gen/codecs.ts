// Codecs of every message of this package, by its schema. Generated from the .proto files by `pnpm generate`. Do not edit.

import type { DescMessage } from "@bufbuild/protobuf";
import type { Codec } from "../codec/codec.js";
import { codecs as etcd_authpb_auth } from "./etcd/authpb/auth_codec.js";
import { codecs as etcd_etcdserverpb_rpc } from "./etcd/etcdserverpb/rpc_codec.js";
import { codecs as etcd_membershippb_membership } from "./etcd/membershippb/membership_codec.js";
import { codecs as etcd_mvccpb_kv } from "./etcd/mvccpb/kv_codec.js";
import { codecs as etcd_v3electionpb_v3election } from "./etcd/v3electionpb/v3election_codec.js";
import { codecs as etcd_v3lockpb_v3lock } from "./etcd/v3lockpb/v3lock_codec.js";
import { codecs as grpc_health_v1_health } from "./grpc/health/v1/health_codec.js";
import { codecs as kvorum_internal_command } from "./kvorum/internal/command_codec.js";
import { codecs as kvorum_internal_disk } from "./kvorum/internal/disk_codec.js";
import { codecs as kvorum_internal_peer } from "./kvorum/internal/peer_codec.js";
import { codecs as kvorum_internal_raft } from "./kvorum/internal/raft_codec.js";

export const codecs: ReadonlyMap<DescMessage, Codec> = /*@__PURE__*/ new Map([
  ...etcd_authpb_auth,
  ...etcd_etcdserverpb_rpc,
  ...etcd_membershippb_membership,
  ...etcd_mvccpb_kv,
  ...etcd_v3electionpb_v3election,
  ...etcd_v3lockpb_v3lock,
  ...grpc_health_v1_health,
  ...kvorum_internal_command,
  ...kvorum_internal_disk,
  ...kvorum_internal_peer,
  ...kvorum_internal_raft,
]);
