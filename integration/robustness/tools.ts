/**
 * An operator works on a running cluster with etcdctl: members are listed, added, promoted, updated and removed, the leader
 * is moved, a snapshot is saved. Ids, addresses and sizes are replaced by names, so that what etcd and Kvorum show can be
 * compared line by line.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { etcdctl } from "../support/etcdctl.js";
import { temporaryDirectory } from "../support/process.js";
import type { Cluster } from "./cluster/cluster.js";
import type { Member } from "./cluster/member.js";
import { eventually, pause } from "./cluster/rpc.js";

/** SHA-256 of everything before it stands at the end of a snapshot. */
const DIGEST_BYTES = 32;

/** What etcd answers while it has not been connected to everyone for five seconds. */
const NOT_HEALTHY_YET = "unhealthy cluster";

/** What was typed and what was shown, command by command. The cluster has three members. */
export async function playTools(cluster: Cluster): Promise<string[]> {
  const session = new Session(cluster);
  const [n1, n2, n3] = cluster.members as [Member, Member, Member];
  await cluster.lead(n1);
  await session.learnIds();
  await playReading(session, [n1, n2, n3]);
  await playMoveLeader(session, n1, n2);
  await playLearner(session, n2);
  await playMistakes(session, n3);
  await playUpdateAndRemove(session, { leader: n2, updated: n3, removed: n1 });
  await playSnapshot(session, n2);
  return session.lines;
}

async function playReading(session: Session, members: readonly [Member, Member, Member]): Promise<void> {
  const [n1, n2, n3] = members;
  await session.run(n1, ["member", "list"]);
  await session.run(n2, ["member", "list", "-w", "table"]);
  await session.run(n3, ["member", "list", "-w", "fields"]);
  await session.run(members, ["put", "k", "v"]);
  await session.run(members, ["endpoint", "health"]);
  await session.run(members, ["endpoint", "hashkv"]);
  await session.run(members, ["endpoint", "status"]);
}

async function playMoveLeader(session: Session, from: Member, to: Member): Promise<void> {
  await session.run(to, ["move-leader", session.idOf(to)]);
  await session.run(from, ["move-leader", "123"]);
  await session.run(from, ["move-leader", session.idOf(to)]);
  if ((await session.cluster.leader()) !== to) throw new Error("the leader did not move");
  await session.run(to, ["move-leader", session.idOf(to)]);
  await session.cluster.settled();
}

async function playLearner(session: Session, leader: Member): Promise<void> {
  const { cluster } = session;
  const learner = await cluster.prepare();
  session.nameAddresses(learner);
  const add = ["member", "add", learner.name, "--learner", `--peer-urls=${learner.peerUrl}`];
  await session.run(leader, add, { untilHealthy: true });
  await session.learnIds();
  const id = session.idOf(learner);
  await session.run(leader, ["member", "list"]);
  // The id of a member comes from its addresses and the second: within the same one etcd says that the id is taken.
  await pause(1_100);
  await session.run(leader, add);
  await session.run(leader, ["member", "promote", id]);
  await session.run(leader, ["member", "add", "n9", "--learner", "--peer-urls=http://127.0.0.1:9"]);

  const initialCluster = cluster.initialClusterFor(learner, await cluster.list());
  await learner.start({ initialCluster, initialState: "existing" });
  await cluster.settled();
  await session.run(learner, ["get", "k", "--consistency=s"]);
  await session.run(learner, ["get", "k"]);
  await session.run(learner, ["put", "k", "no"]);
  await session.run(leader, ["move-leader", id]);
  await session.run(leader, ["member", "promote", id]);
  await session.run(leader, ["member", "promote", id]);
  await session.run(leader, ["member", "list"]);
  await session.run(learner, ["put", "k", "from the promoted one"]);
}

async function playMistakes(session: Session, at: Member): Promise<void> {
  await session.run(at, ["member", "add", "n8", "--peer-urls=nonsense"]);
  await session.run(at, ["member", "add", "n8"]);
  await session.run(at, ["member", "add", "n8", `--peer-urls=${at.peerUrl}`], { untilHealthy: true });
  await session.run(at, ["member", "remove", "123"]);
  await session.run(at, ["member", "remove", "none"]);
  await session.run(at, ["member", "promote", "123"]);
  await session.run(at, ["member", "update", "123", "--peer-urls=http://127.0.0.1:9"]);
}

async function playUpdateAndRemove(
  session: Session,
  { leader, updated, removed }: Readonly<Record<"leader" | "updated" | "removed", Member>>,
): Promise<void> {
  const { cluster } = session;
  await session.run(leader, ["member", "update", session.idOf(updated), `--peer-urls=${leader.peerUrl}`]);
  await session.run(leader, ["member", "update", session.idOf(updated), `--peer-urls=${updated.peerUrl}`]);
  await session.run(leader, ["member", "remove", session.idOf(removed)], { untilHealthy: true });
  await session.run(leader, ["member", "remove", session.idOf(removed)]);
  await cluster.forget(removed);
  await session.run(leader, ["member", "list"]);
  await session.run(cluster.members, ["endpoint", "health"]);
}

async function playSnapshot(session: Session, member: Member): Promise<void> {
  const directory = await temporaryDirectory("snapshot");
  try {
    const path = join(directory.path, "file");
    session.name(path, "{file}");
    await session.run(member, ["snapshot", "save", path]);
    const saved = await readFile(path);
    const digest = createHash("sha256").update(saved.subarray(0, -DIGEST_BYTES)).digest();
    if (!digest.equals(saved.subarray(-DIGEST_BYTES))) throw new Error("the snapshot does not end with its digest");
  } finally {
    await directory.remove();
  }
}

class Session {
  readonly lines: string[] = [];
  readonly cluster: Cluster;
  readonly #ids = new Map<Member, string>();
  readonly #names = new Map<string, string>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    for (const member of cluster.members) this.nameAddresses(member);
  }

  /** What the ids of the members are called from now on. */
  async learnIds(): Promise<void> {
    for (const { peerURLs, ID } of await this.cluster.list()) {
      const member = this.cluster.members.find(({ peerUrl }) => peerURLs.includes(peerUrl));
      if (member === undefined || this.#ids.has(member)) continue;
      this.#ids.set(member, ID.toString(16));
      this.name(ID.toString(16), `{id of ${member.name}}`);
      this.name(String(ID), `{id of ${member.name}}`);
    }
  }

  /** In hexadecimal, as etcdctl takes it. */
  idOf(member: Member): string {
    const id = this.#ids.get(member);
    if (id === undefined) throw new Error(`the id of ${member.name} is not known`);
    return id;
  }

  name(text: string, name: string): void {
    this.#names.set(text, name);
  }

  nameAddresses(member: Member): void {
    this.name(member.clientUrl, `{client of ${member.name}}`);
    this.name(member.peerUrl, `{peer of ${member.name}}`);
  }

  async run(
    at: Member | readonly Member[],
    command: readonly string[],
    { untilHealthy = false }: { readonly untilHealthy?: boolean } = {},
  ): Promise<void> {
    const endpoints = [at].flat().map(({ clientUrl }) => clientUrl);
    const typed = `etcdctl ${command.join(" ")}`;
    const { code, stdout, stderr } = await eventually(`${typed} finds the cluster healthy`, 30_000, async () => {
      const result = await etcdctl(endpoints.join(","), command);
      return untilHealthy && result.stderr.includes(NOT_HEALTHY_YET) ? undefined : result;
    });
    const shown = `${stdout}${stderr}`.split("\n").filter((line) => line !== "" && !LOG_OR_RULE.test(line));
    // Members stand in the order of their ids, which are chosen by chance.
    const lines = /^(member list|endpoint)/.test(command.join(" ")) ? this.#mask(shown).sort() : this.#mask(shown);
    this.lines.push(...this.#mask([`$ ${typed}`]), ...lines, `exit ${code}`);
  }

  #mask(lines: readonly string[]): string[] {
    return lines.map((line) => {
      let masked = line;
      for (const [text, name] of this.#names) masked = masked.replaceAll(text, name);
      for (const [pattern, name] of MASKS) masked = masked.replace(pattern, name);
      return masked.replace(/(?<=INITIAL_CLUSTER=")[^"]*/, (list) => list.split(",").sort().join());
    });
  }
}

/** What etcdctl's own client logs, and the lines of a table. */
const LOG_OR_RULE = /^\{"level"|^\+-/;

/** What differs between any two clusters. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:[0-9a-f]{13,16}|\d{15,20})\b/g, "{id}"],
  [/, 3\.\d+\.\d+, [\d.]+ [kM]?B,/g, ", {version}, {size},"],
  [/ \d+, \d+, \d+, $/g, " {term}, {index}, {applied}, "],
  [/took = \S+/g, "took {time}"],
  [/(?<=^\{client of n\d\}, )\d+$/g, "{hash}"],
  [/(?<="RaftTerm" : )\d+/g, "{term}"],
  [/ {2,}/g, " "],
];
