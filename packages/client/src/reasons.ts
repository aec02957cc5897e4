/**
 * What etcd's error texts mean. The text decides before the gRPC code does, because codes lie: "too many requests" leaves a
 * server as UNKNOWN, and the lock and election services wrap everything as UNKNOWN. The texts are those of etcd's public
 * `rpctypes`. The second column is the row of the retry table (`retry.ts`).
 */

/**
 * A row of the retry table.
 *
 * - `not-sent`: no byte of the request left, or the stream was refused unprocessed.
 * - `no-leader`: refused before proposing, for want of a leader or of a healthy cluster.
 * - `interrupted`: raised while the answer was awaited. The request may have taken effect.
 * - `deadline`: the caller's own time is up.
 * - `overload`: refused before proposing; ask again, but not at once.
 * - `no-space`: the quota. etcd checks it again when applying and then answers with the error although it wrote.
 * - `too-large`: a message over a gRPC limit.
 * - `token`: the token is missing, unknown or expired. `auth-revision`: it is older than the last change of auth.
 * - `learner`: this member answers no such call; another one does.
 * - `refused`: everything that asking again does not change.
 */
export type FailureKind =
  | "not-sent"
  | "no-leader"
  | "interrupted"
  | "deadline"
  | "overload"
  | "no-space"
  | "too-large"
  | "token"
  | "auth-revision"
  | "learner"
  | "refused";

const REASONS = {
  "key-empty": ["etcdserver: key is not provided", "refused"],
  "key-not-found": ["etcdserver: key not found", "refused"],
  "value-provided": ["etcdserver: value is provided", "refused"],
  "lease-provided": ["etcdserver: lease is provided", "refused"],
  "too-many-operations": ["etcdserver: too many operations in txn request", "refused"],
  "duplicate-key": ["etcdserver: duplicate key given in txn request", "refused"],
  "invalid-client-api-version": ["etcdserver: invalid client api version", "refused"],
  "invalid-sort": ["etcdserver: invalid sort option", "refused"],
  compacted: ["etcdserver: mvcc: required revision has been compacted", "refused"],
  "future-revision": ["etcdserver: mvcc: required revision is a future revision", "refused"],
  "no-space": ["etcdserver: mvcc: database space exceeded", "no-space"],
  "lease-not-found": ["etcdserver: requested lease not found", "refused"],
  "lease-exists": ["etcdserver: lease already exists", "refused"],
  "lease-ttl-too-large": ["etcdserver: too large lease TTL", "refused"],
  "watch-canceled": ["etcdserver: watch canceled", "interrupted"],
  "watch-range-empty": ["mvcc: watcher range is empty", "refused"],
  "watch-id-duplicate": ["mvcc: duplicate watch ID provided on the WatchStream", "refused"],
  "member-exists": ["etcdserver: member ID already exist", "refused"],
  "peer-url-exists": ["etcdserver: Peer URLs already exists", "refused"],
  "not-enough-started-members": ["etcdserver: re-configuration failed due to not enough started members", "refused"],
  "member-urls-invalid": ["etcdserver: given member URLs are invalid", "refused"],
  "member-not-found": ["etcdserver: member not found", "refused"],
  "member-not-learner": ["etcdserver: can only promote a learner member", "refused"],
  "learner-not-ready": ["etcdserver: can only promote a learner member which is in sync with leader", "refused"],
  "too-many-learners": ["etcdserver: too many learner members in cluster", "refused"],
  "cluster-id-mismatch": ["etcdserver: cluster ID mismatch", "refused"],
  "request-too-large": ["etcdserver: request is too large", "refused"],
  "too-many-requests": ["etcdserver: too many requests", "overload"],
  "proposal-dropped": ["raft proposal dropped", "no-leader"],
  "root-user-missing": ["etcdserver: root user does not exist", "refused"],
  "root-role-missing": ["etcdserver: root user does not have root role", "refused"],
  "user-exists": ["etcdserver: user name already exists", "refused"],
  "user-empty": ["etcdserver: user name is empty", "token"],
  "user-not-found": ["etcdserver: user name not found", "refused"],
  "role-exists": ["etcdserver: role name already exists", "refused"],
  "role-not-found": ["etcdserver: role name not found", "refused"],
  "role-empty": ["etcdserver: role name is empty", "refused"],
  "authentication-failed": ["etcdserver: authentication failed, invalid user ID or password", "refused"],
  "permission-not-given": ["etcdserver: permission not given", "refused"],
  "permission-denied": ["etcdserver: permission denied", "refused"],
  "role-not-granted": ["etcdserver: role is not granted to the user", "refused"],
  "permission-not-granted": ["etcdserver: permission is not granted to the role", "refused"],
  "auth-not-enabled": ["etcdserver: authentication is not enabled", "refused"],
  "invalid-token": ["etcdserver: invalid auth token", "token"],
  "invalid-auth-management": ["etcdserver: invalid auth management", "refused"],
  "auth-revision-old": ["etcdserver: revision of auth store is old", "auth-revision"],
  "no-leader": ["etcdserver: no leader", "no-leader"],
  "not-leader": ["etcdserver: not leader", "refused"],
  // Only the read path raises it: nothing was proposed.
  "leader-changed": ["etcdserver: leader changed", "no-leader"],
  "not-capable": ["etcdserver: not capable", "refused"],
  stopped: ["etcdserver: server stopped", "interrupted"],
  "server-timeout": ["etcdserver: request timed out", "interrupted"],
  "server-timeout-leader-failure": [
    "etcdserver: request timed out, possibly due to previous leader failure",
    "interrupted",
  ],
  "server-timeout-connection-lost": ["etcdserver: request timed out, possibly due to connection lost", "interrupted"],
  "server-timeout-applied-index": [
    "etcdserver: request timed out, waiting for the applied index took too long",
    "interrupted",
  ],
  unhealthy: ["etcdserver: unhealthy cluster", "no-leader"],
  corrupt: ["etcdserver: corrupt cluster", "refused"],
  learner: ["etcdserver: rpc not supported for learner", "learner"],
  "bad-leader-transferee": ["etcdserver: bad leader transferee", "refused"],
  "downgrade-version-format": ["etcdserver: wrong downgrade target version format", "refused"],
  "downgrade-version-invalid": ["etcdserver: invalid downgrade target version", "refused"],
  "cluster-version-unavailable": ["etcdserver: cluster version not found during downgrade", "refused"],
  "downgrade-in-process": ["etcdserver: cluster has a downgrade job in progress", "refused"],
  "downgrade-not-in-process": ["etcdserver: no inflight downgrade job", "refused"],
  "request-canceled": ["etcdserver: request canceled", "interrupted"],
  // The server's clock ran out, or a deadline that it set itself; ours is a status without this text.
  "server-deadline": ["etcdserver: context deadline exceeded", "deadline"],
  // These leave a server as UNKNOWN, because they are no part of its table of statuses.
  "password-not-used": ["auth: authentication failed, password was given for no password user", "refused"],
  "unknown-action": ["etcdserver: unknown method", "refused"],
  "leader-transfer-timeout": ["etcdserver: request timed out, leader transfer took too long", "interrupted"],
  // A leader that could not confirm that it is one renewed nothing.
  "not-primary": ["not a primary lessor", "no-leader"],
  "election-key-missing": ['"leader" field must be provided', "refused"],
  "election-not-leader": ["election: not leader", "refused"],
  "election-no-leader": ["election: no leader", "refused"],
  "lock-session-expired": ["mutex: session is expired", "refused"],
  "range-stream-sort": ["RangeStream does not support custom sort orders", "refused"],
  "range-stream-filter": ["RangeStream does not support revision filters", "refused"],
} as const;

/** A reason that etcd gives in words. */
export type ServerReason = keyof typeof REASONS;

const BY_MESSAGE: ReadonlyMap<string, ServerReason> = new Map(
  Object.entries(REASONS).map(([reason, [message]]) => [message, reason as ServerReason]),
);

/** The reason that a status message or a watch's `cancel_reason` states, or undefined where the text is none of etcd's. */
export function serverReason(message: string): ServerReason | undefined {
  return BY_MESSAGE.get(message.replace(/^rpc error: code = \w+ desc = /, ""));
}

export function reasonKind(reason: ServerReason): FailureKind {
  return REASONS[reason][1];
}

/** Is this one of etcd's own reasons? */
export function isServerReason(reason: string): reason is ServerReason {
  return Object.hasOwn(REASONS, reason);
}
