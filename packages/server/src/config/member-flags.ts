/** Flags of the member: who it is, where it stores, where it serves clients, how fast its clock of Raft ticks. */
import type { FlagsOf } from "./flag.js";
import { text, urls, wholeNumber } from "./values.js";

export interface MemberSettings {
  readonly name: string;
  readonly dataDir: string | undefined;
  readonly walDir: string | undefined;
  readonly listenClientUrls: readonly string[] | undefined;
  readonly advertiseClientUrls: readonly string[] | undefined;
  readonly snapshotCount: number;
  readonly snapshotCatchupEntries: number;
  readonly heartbeatInterval: number;
  readonly electionTimeout: number;
}

export const MEMBER_FLAGS: FlagsOf<MemberSettings> = {
  name: {
    name: "name",
    group: "Member",
    placeholder: "<name>",
    help: "name of this member, as the cluster shows it",
    read: text,
    fallback: "default",
  },
  dataDir: {
    name: "data-dir",
    group: "Member",
    placeholder: "<path>",
    help: "directory for everything this member stores; created with mode 0700",
    read: text,
    fallback: undefined,
    fallbackText: "<name>.kvorum",
  },
  walDir: {
    name: "wal-dir",
    group: "Member",
    placeholder: "<path>",
    help: "separate directory for the write-ahead log",
    read: text,
    fallback: undefined,
    fallbackText: "inside the data directory",
  },
  listenClientUrls: {
    name: "listen-client-urls",
    group: "Member",
    placeholder: "<urls>",
    help: "addresses to serve clients on, gRPC and HTTP on the same port",
    read: urls,
    fallback: undefined,
    fallbackText: "http://localhost:2379",
  },
  advertiseClientUrls: {
    name: "advertise-client-urls",
    group: "Member",
    placeholder: "<urls>",
    help: "client addresses to publish in the member list; needed with --listen-client-urls",
    read: urls,
    fallback: undefined,
    fallbackText: "http://localhost:2379",
  },
  snapshotCount: {
    name: "snapshot-count",
    group: "Member",
    placeholder: "<entries>",
    help: "applied entries after which the log is cut",
    read: wholeNumber(1),
    fallback: 10_000,
  },
  snapshotCatchupEntries: {
    name: "snapshot-catchup-entries",
    aliases: ["experimental-snapshot-catchup-entries"],
    group: "Member",
    placeholder: "<entries>",
    help: "applied entries kept in memory for members that lag behind; 0 means the default",
    read: wholeNumber(0),
    fallback: 5000,
  },
  heartbeatInterval: {
    name: "heartbeat-interval",
    group: "Member",
    placeholder: "<ms>",
    help: "milliseconds between heartbeats of the leader",
    read: wholeNumber(1, 50_000),
    fallback: 100,
  },
  electionTimeout: {
    name: "election-timeout",
    group: "Member",
    placeholder: "<ms>",
    help: "milliseconds without a leader until an election; at least 5 heartbeats",
    read: wholeNumber(1, 50_000),
    fallback: 1000,
  },
};
