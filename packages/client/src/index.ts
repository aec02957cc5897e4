/**
 * `@kvorum/client`: a typed etcd v3 client. Start with `createClient`; read `client.ts` for how the parts are joined.
 */

export type { TlsClientOptions, TransportFactory } from "@kvorum/transport";
export type { Alarm } from "./admin/alarm.js";
export type { AuthApi, AuthStatus, UserCredentials } from "./admin/auth.js";
export type { ClusterApi, Member, MemberAddResult, MemberListResult } from "./admin/cluster.js";
export type { ClusterHealth, EndpointHealth } from "./admin/health.js";
export type { DowngradeApi, HashResult, KvHash, MaintenanceApi, MemberStatus } from "./admin/maintenance.js";
export type { Access, GrantedPermission, Permission } from "./admin/permission.js";
export type { Snapshot, SnapshotOptions } from "./admin/snapshot.js";
export { type Client, type ClientOptions, createClient } from "./client.js";
export type { ClientWorld, Clock } from "./clock.js";
export { bytes, type Codec, codec, type SchemaIssue, SchemaMismatchError, utf8 } from "./codec.js";
export {
  ClientClosedError,
  CompactedError,
  DecodeError,
  EtcdError,
  type EtcdErrorInit,
  type EtcdReason,
  type GrpcCode,
  isEtcdError,
  LeaseLostError,
  LeaseNotFoundError,
  type Outcome,
  PermissionDeniedError,
  ResultLostError,
  TimeoutError,
  UnauthenticatedError,
  UnavailableError,
} from "./errors.js";
export { fromKey, type Key, type KeyRange, prefix, range, type Selector } from "./keys.js";
export { type Compare, type CompareMakers, type Comparison, compare } from "./kv/compare.js";
export {
  type Op,
  type OpKeyListResult,
  type OpListOptions,
  type OpListResult,
  type OpPutOptions,
  type OpReadOptions,
  type OpResults,
  type Ops,
  op,
  type TxnSpec,
} from "./kv/op.js";
export type {
  CasResult,
  DeleteResult,
  Header,
  KeyEntry,
  KeyListResult,
  KeyValue,
  Listed,
  ListResult,
  PutResult,
} from "./kv/results.js";
export type { Store } from "./kv/store.js";
export type { TxnResponses, TxnResult } from "./kv/txn.js";
export type { Lease, LeaseState } from "./lease/lease.js";
export type { GrantedLease, GrantOptions, LeaseApi, LeaseInfo, LeasesOnClose } from "./lease/lease-api.js";
export type { KeyCache } from "./live/cache.js";
export type { Change } from "./live/change.js";
export type { LiveValue } from "./live/config.js";
export type { ConfigFile } from "./live/config-file.js";
export {
  type CacheOptions,
  type ChangesOptions,
  ConfigFileError,
  type ConfigKeys,
  type ConfigOptions,
  type ConfigSource,
} from "./live/options.js";
export type { IndexTerms } from "./live/secondary-index.js";
export type { AuthOptions } from "./net/credentials.js";
export type { EndpointState } from "./net/endpoint-health.js";
export type { BalancerPolicy, Candidate, Picker } from "./net/picker.js";
export type { SrvResolver } from "./net/srv.js";
export type { TlsProvider } from "./net/tls-source.js";
export type { CallKind, CallName, ClientAnswer, ClientCall } from "./observe/calls.js";
export { CHANNELS } from "./observe/channels.js";
export type { LogFunction, Logger } from "./observe/logger.js";
export type {
  AttemptMessage,
  CallMessage,
  ConnectionMessage,
  ConnectionState,
  LeaseHappening,
  LeaseMessage,
  WatchHappening,
  WatchMessage,
  WatchSubject,
} from "./observe/messages.js";
export type { Middleware, NextCall } from "./observe/middleware.js";
export type { RpcMiddleware } from "./observe/rpc-middleware.js";
export type {
  BigIntLike,
  CallOptions,
  Consistency,
  DeleteOptions,
  LeaseRef,
  ListOptions,
  PutOptions,
  ReadOptions,
  ScanOptions,
  WithKeysOnly,
  WithoutValue,
  WithPrevious,
  WriteCallOptions,
  WriteOptions,
} from "./options.js";
export type { FailureKind, ServerReason } from "./reasons.js";
export type { Operation } from "./retry.js";
export type { RawService, RawServices } from "./rpc.js";
export type { WatchBatch, WatchEvent, WatchOptions } from "./watch/options.js";
export type { Watch } from "./watch/watch.js";
