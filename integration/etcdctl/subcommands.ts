/**
 * Every subcommand of etcdctl as it is typed, in an order in which each finds what it needs. `{…}` is filled in: `lease` and
 * `member` are ids that an earlier command printed, `rev` the revision of the store, `dir` a folder of the run's own.
 */
export interface Typed {
  readonly args: string;
  /** Typed in at its prompt. */
  readonly input?: string;
  /** It does not end by itself: it is stopped when it has printed this. */
  readonly until?: string;
  /** Why its output is compared in its form alone, without figures. */
  readonly form?: string;
}

const typed = (args: string, more: Omit<Typed, "args"> = {}): Typed => ({ args, ...more });

const keys: readonly Typed[] = [
  typed("put a 1"),
  typed("put b 2 --prev-kv"),
  typed("get a"),
  typed("get a c -w json"),
  typed("del b --prev-kv"),
  typed("txn", { input: 'value("a") = "1"\n\nput a 2\nget a\n\nget b\n\n' }),
  typed("watch a --rev={rev}", { until: "PUT\na\n2\n" }),
  typed("compaction {rev}"),
  typed("get a --rev=1"),
];

const leases: readonly Typed[] = [
  typed("lease grant 600"),
  typed("put leased x --lease={lease}"),
  typed("lease list"),
  typed("lease timetolive {lease} --keys", { form: "seconds run" }),
  typed("lease keep-alive --once {lease}"),
  typed("lease keep-alive {lease}", { until: "keepalived with TTL(600)" }),
  typed("lease revoke {lease}"),
  typed("lease timetolive {lease}"),
  typed("lease revoke {lease}"),
];

const coordination: readonly Typed[] = [
  typed("lock the-lock echo held"),
  typed("lock the-lock", { until: "the-lock/" }),
  typed("elect the-election alpha", { until: "alpha" }),
];

const members: readonly Typed[] = [
  typed("member list"),
  typed("member add n9 --peer-urls=http://127.0.0.1:1 --learner", { form: "lists the members by their ids" }),
  typed("member update {member} --peer-urls=http://127.0.0.1:2"),
  typed("member promote {member}"),
  typed("member remove {member}"),
  typed("member remove {member}"),
  typed("move-leader 1"),
  typed("endpoint health"),
  typed("endpoint status", { form: "sizes, indexes and versions are a server's own" }),
  typed("endpoint hashkv", { form: "the hash is over a server's own format" }),
];

const maintenance: readonly Typed[] = [
  typed("alarm list"),
  typed("alarm disarm"),
  typed("defrag"),
  typed("snapshot save {dir}/saved", { form: "sizes and versions are a server's own" }),
];

const people: readonly Typed[] = [
  typed("user add ann:secret"),
  typed("user get ann"),
  typed("user list"),
  typed("user passwd ann --interactive=false", { input: "other" }),
  typed("role add reader"),
  typed("role grant-permission reader read a z"),
  typed("role get reader"),
  typed("role list"),
  typed("user grant-role ann reader"),
  typed("user get ann --detail"),
  typed("user revoke-role ann reader"),
  typed("role revoke-permission reader a z"),
  typed("role delete reader"),
  typed("user delete ann"),
  typed("user get ann"),
];

/** Commands for a server on which nobody has to log in, or on which root does. */
export const COMMANDS: readonly Typed[] = [
  ...keys,
  ...leases,
  ...coordination,
  ...members,
  ...maintenance,
  ...people,
  typed("make-mirror --prefix=a --dest-prefix={mirror} {destination}", { until: "mirrored" }),
  typed("version"),
];

export const SWITCHING: readonly Typed[] = [
  typed("auth enable"),
  typed("user add root:secret"),
  typed("role add root"),
  typed("user grant-role root root"),
  typed("auth enable"),
  typed("get a"),
  typed("--user=root:secret get a"),
  typed("--user=root:secret auth disable"),
  typed("get a"),
];

/** Subcommands that are run elsewhere, or ask no server, each with where or why. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  "check perf": "takes a minute: check-perf-main.ts, in a campaign",
  "check datascale":
    "etcdctl's check of datascale writes for as long as check perf: in subcommands.test.ts, Kvorum alone",
  "snapshot status": "reads etcd's own file format; kvorumctl reads Kvorum's: integration/offline",
  "snapshot restore": "reads etcd's own file format; kvorumctl restores Kvorum's: integration/offline",
  migrate: "reads the data directory of etcd 2",
  "completion bash": "asks no server",
  "completion fish": "asks no server",
  "completion powershell": "asks no server",
  "completion zsh": "asks no server",
  help: "asks no server",
};

/** The subcommands that these lines run: their words before the first that is no word of a command. */
export function subcommandOf(line: string, known: readonly string[]): string | undefined {
  const words = line.split(" ").filter((word) => !word.startsWith("--user="));
  return known.find((name) => words.slice(0, name.split(" ").length).join(" ") === name);
}
