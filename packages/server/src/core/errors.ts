/**
 * Operating errors of the node: a closed set of names, each with etcd's exact text and gRPC status code. The facts are
 * those of etcd's public `rpctypes`; `errors.test.ts` holds this table against a copy of them.
 *
 * Two rows leave etcd's server as UNKNOWN although its Go client shows another code, because that client maps by text;
 * they carry the code of the wire here (`tooManyRequests`, `memberNotEnoughStarted`).
 */

interface ErrorRow {
  /** gRPC status code as it stands on the wire. */
  readonly code: number;
  readonly message: string;
}

export const SERVER_ERRORS = {
  emptyKey: { code: 3, message: "etcdserver: key is not provided" },
  keyNotFound: { code: 3, message: "etcdserver: key not found" },
  valueProvided: { code: 3, message: "etcdserver: value is provided" },
  leaseProvided: { code: 3, message: "etcdserver: lease is provided" },
  tooManyOps: { code: 3, message: "etcdserver: too many operations in txn request" },
  duplicateKey: { code: 3, message: "etcdserver: duplicate key given in txn request" },
  invalidClientApiVersion: { code: 3, message: "etcdserver: invalid client api version" },
  invalidSortOption: { code: 3, message: "etcdserver: invalid sort option" },
  compacted: { code: 11, message: "etcdserver: mvcc: required revision has been compacted" },
  futureRevision: { code: 11, message: "etcdserver: mvcc: required revision is a future revision" },
  noSpace: { code: 8, message: "etcdserver: mvcc: database space exceeded" },
  leaseNotFound: { code: 5, message: "etcdserver: requested lease not found" },
  leaseExists: { code: 9, message: "etcdserver: lease already exists" },
  leaseTtlTooLarge: { code: 11, message: "etcdserver: too large lease TTL" },
  notPrimary: { code: 2, message: "not a primary lessor" },
  watchCanceled: { code: 1, message: "etcdserver: watch canceled" },
  memberExists: { code: 9, message: "etcdserver: member ID already exist" },
  peerUrlExists: { code: 9, message: "etcdserver: Peer URLs already exists" },
  memberNotEnoughStarted: {
    code: 2,
    message: "etcdserver: re-configuration failed due to not enough started members",
  },
  memberBadUrls: { code: 3, message: "etcdserver: given member URLs are invalid" },
  memberNotFound: { code: 5, message: "etcdserver: member not found" },
  memberNotLearner: { code: 9, message: "etcdserver: can only promote a learner member" },
  learnerNotReady: { code: 9, message: "etcdserver: can only promote a learner member which is in sync with leader" },
  tooManyLearners: { code: 9, message: "etcdserver: too many learner members in cluster" },
  requestTooLarge: { code: 3, message: "etcdserver: request is too large" },
  tooManyRequests: { code: 2, message: "etcdserver: too many requests" },
  noLeader: { code: 14, message: "etcdserver: no leader" },
  notLeader: { code: 9, message: "etcdserver: not leader" },
  leaderChanged: { code: 14, message: "etcdserver: leader changed" },
  stopped: { code: 14, message: "etcdserver: server stopped" },
  timeout: { code: 14, message: "etcdserver: request timed out" },
  timeoutDueToLeaderFail: {
    code: 14,
    message: "etcdserver: request timed out, possibly due to previous leader failure",
  },
  timeoutDueToConnectionLost: { code: 14, message: "etcdserver: request timed out, possibly due to connection lost" },
  leaderTransferTimeout: { code: 2, message: "etcdserver: request timed out, leader transfer took too long" },
  unhealthy: { code: 14, message: "etcdserver: unhealthy cluster" },
  corrupt: { code: 15, message: "etcdserver: corrupt cluster" },
  notSupportedForLearner: { code: 9, message: "etcdserver: rpc not supported for learner" },
  badLeaderTransferee: { code: 9, message: "etcdserver: bad leader transferee" },
  rootUserNotExist: { code: 9, message: "etcdserver: root user does not exist" },
  rootRoleNotExist: { code: 9, message: "etcdserver: root user does not have root role" },
  userExists: { code: 9, message: "etcdserver: user name already exists" },
  userEmpty: { code: 3, message: "etcdserver: user name is empty" },
  userNotFound: { code: 9, message: "etcdserver: user name not found" },
  roleExists: { code: 9, message: "etcdserver: role name already exists" },
  roleNotFound: { code: 9, message: "etcdserver: role name not found" },
  roleEmpty: { code: 3, message: "etcdserver: role name is empty" },
  authFailed: { code: 3, message: "etcdserver: authentication failed, invalid user ID or password" },
  noPasswordUser: { code: 2, message: "auth: authentication failed, password was given for no password user" },
  permissionNotGiven: { code: 3, message: "etcdserver: permission not given" },
  permissionDenied: { code: 7, message: "etcdserver: permission denied" },
  roleNotGranted: { code: 9, message: "etcdserver: role is not granted to the user" },
  permissionNotGranted: { code: 9, message: "etcdserver: permission is not granted to the role" },
  authNotEnabled: { code: 9, message: "etcdserver: authentication is not enabled" },
  invalidAuthToken: { code: 16, message: "etcdserver: invalid auth token" },
  invalidAuthManagement: { code: 3, message: "etcdserver: invalid auth management" },
  authOldRevision: { code: 3, message: "etcdserver: revision of auth store is old" },
  wrongDowngradeVersionFormat: { code: 3, message: "etcdserver: wrong downgrade target version format" },
  invalidDowngradeTargetVersion: { code: 3, message: "etcdserver: invalid downgrade target version" },
  clusterVersionUnavailable: { code: 9, message: "etcdserver: cluster version not found during downgrade" },
  downgradeInProcess: { code: 9, message: "etcdserver: cluster has a downgrade job in progress" },
  noInflightDowngrade: { code: 9, message: "etcdserver: no inflight downgrade job" },
  unknownMethod: { code: 2, message: "etcdserver: unknown method" },
  leaderKeyMissing: { code: 2, message: '"leader" field must be provided' },
  electionNotLeader: { code: 2, message: "election: not leader" },
  electionNoLeader: { code: 2, message: "election: no leader" },
  lockSessionExpired: { code: 2, message: "mutex: session is expired" },
} as const;

export type ServerErrorName = keyof typeof SERVER_ERRORS;

/** An operating error of the node, by name. Its message is etcd's text, its code the gRPC status of the answer. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly reason: ServerErrorName;
  readonly code: number;

  constructor(reason: ServerErrorName) {
    const row: ErrorRow = SERVER_ERRORS[reason];
    super(row.message);
    this.reason = reason;
    this.code = row.code;
  }
}
