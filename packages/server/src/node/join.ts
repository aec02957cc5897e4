/**
 * Joining a cluster that exists: the member was added to it under its peer URLs and now asks the others for its id. Its log
 * and its configuration begin empty; the leader sends it everything, its own admission included.
 */
import type { Member } from "../core/apply/command.js";
import type { ClusterDescription } from "../peer-network.js";
import type { Beginning } from "./bootstrap.js";
import type { Identity } from "./identity.js";
import { askOthers, otherMembers } from "./neighbours.js";
import type { NodeConfig } from "./options.js";
import { sleep } from "./sleep.js";
import { hex, refuseForgottenLog, refuseRemoved, StartRefusedError } from "./start-refused.js";

/** How long the cluster may stay silent. */
const SILENCE_MS_MAX = 30_000;
/** How long the members may still not know of this one: it may have been added a moment ago. */
const DISAGREEMENT_MS_MAX = 3000;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 2000;

/**
 * Rejects with `StartRefusedError` when no member answers in time, when `--initial-cluster` and the cluster's member list
 * do not agree, and when the member may not join as who it would be.
 *
 * @param stored who the member already is, when it stopped after its log was created and before anything reached it
 */
export async function joinCluster(config: NodeConfig, stored?: Identity): Promise<Beginning> {
  const { clock, logger } = config.env;
  const startMs = clock.nowMs();
  checkOthers(config);
  for (let delayMs = RETRY_MS_MIN; ; delayMs = Math.min(2 * delayMs, RETRY_MS_MAX)) {
    const answers = await askOthers(config);
    const outcome = answers.length === 0 ? silence(config) : judge(answers, config, stored);
    if (!(outcome instanceof StartRefusedError)) return outcome;
    const patienceMs = answers.length === 0 ? SILENCE_MS_MAX : DISAGREEMENT_MS_MAX;
    if (clock.nowMs() - startMs + delayMs > patienceMs) throw outcome;
    logger.warn({ reason: outcome.message, delayMs }, "joining the cluster is tried again");
    await sleep(clock, delayMs);
  }
}

function checkOthers(config: NodeConfig): void {
  if (otherMembers(config).length > 0) return;
  throw new StartRefusedError(
    "--initial-cluster-state is existing, but --initial-cluster names no other member: give all members of the cluster to join",
  );
}

function silence(config: NodeConfig): StartRefusedError {
  const asked = otherMembers(config).flatMap(({ peerUrls }) => peerUrls);
  return new StartRefusedError(
    `no member of the cluster to join answers; asked were ${asked.join(", ")} of --initial-cluster`,
  );
}

/** Throws what time cannot heal, returns what it may: an answer may come from a member that lags behind. */
function judge(
  answers: readonly ClusterDescription[],
  config: NodeConfig,
  stored: Identity | undefined,
): Beginning | StartRefusedError {
  const clusterId = theOneCluster(answers, stored);
  const descriptions = answers.map((answer) => ({ ...answer, self: findSelf(answer, config, stored) }));
  for (const { self } of descriptions) {
    const memberId = self?.id ?? stored?.memberId;
    if (memberId === undefined) continue;
    const identity = { clusterId, memberId };
    if (answers.some(({ removed }) => removed.includes(memberId))) refuseRemoved(identity);
    if (self !== undefined && self.name !== "") refuseForgottenLog(identity);
  }
  for (const { self, members } of descriptions) {
    // Once the member has its id, the list it was given is of the past.
    if (self === undefined || (stored === undefined && difference(members, config) !== undefined)) continue;
    const others = members.filter(({ id }) => id !== self.id);
    return {
      identity: { clusterId, memberId: self.id },
      firstLog: undefined,
      knownPeers: others.map(({ id, peerUrls }) => ({ id, urls: peerUrls })),
    };
  }
  const { self, members } = descriptions[0] as (typeof descriptions)[number];
  return new StartRefusedError(
    self === undefined ? notAMember(members, config) : (difference(members, config) as string),
  );
}

function theOneCluster(answers: readonly ClusterDescription[], stored: Identity | undefined): bigint {
  const ids = [...new Set([...(stored === undefined ? [] : [stored.clusterId]), ...answers.map((it) => it.clusterId)])];
  const [clusterId, other] = ids as [bigint, bigint?];
  if (other === undefined) return clusterId;
  throw new StartRefusedError(
    stored === undefined
      ? `the members of --initial-cluster are not one cluster: some are of ${hex(clusterId)}, some of ${hex(other)}`
      : `this member belongs to cluster ${hex(clusterId)}, but those of --initial-cluster are of cluster ${hex(other)}`,
  );
}

function findSelf({ members }: ClusterDescription, config: NodeConfig, stored?: Identity): Member | undefined {
  if (stored !== undefined) return members.find(({ id }) => id === stored.memberId);
  return members.find(({ peerUrls }) => key(peerUrls) === key(config.peerUrls));
}

function notAMember(members: readonly Member[], { peerUrls }: NodeConfig): string {
  const listed = members.map(({ name, peerUrls: urls }) => `${name}=${urls.join(",")}`);
  return (
    `the cluster has no member with the peer URLs ${peerUrls.join(",")}: add it first ` +
    `(member add --peer-urls=${peerUrls.join(",")}). Its members are ${listed.join(", ")}`
  );
}

/** Undefined when both lists have the same members, by their addresses. */
function difference(members: readonly Member[], { initialCluster }: NodeConfig): string | undefined {
  const told = new Set(initialCluster.map(({ peerUrls }) => key(peerUrls)));
  const known = new Set(members.map(({ peerUrls }) => key(peerUrls)));
  const onlyTold = [...told].filter((urls) => !known.has(urls));
  const onlyKnown = [...known].filter((urls) => !told.has(urls));
  if (onlyTold.length + onlyKnown.length === 0) return undefined;
  const parts = [
    onlyTold.length === 0 ? [] : [`only --initial-cluster has ${onlyTold.join(" and ")}`],
    onlyKnown.length === 0 ? [] : [`only the cluster has ${onlyKnown.join(" and ")}`],
  ].flat();
  return `--initial-cluster and the cluster's member list differ: ${parts.join(", ")}`;
}

function key(peerUrls: readonly string[]): string {
  return [...peerUrls].sort().join(",");
}
