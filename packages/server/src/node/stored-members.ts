/**
 * Whether the data directory is the one that was meant. Once a log exists the settings of the birth have no effect, as in
 * etcd; but data of another member or another cluster is refused rather than served.
 *
 * The rules must not fire after lawful changes. Addresses move (`member update`), a name changes with the next start, a
 * member that was down has an old list. So each of them wants two signs, and a sole member may call itself what it likes.
 */
import { Membership } from "../core/apply/membership.js";
import { WriteBuffer } from "../core/mvcc/write-buffer.js";
import { foundingIdentity } from "./bootstrap.js";
import type { Identity } from "./identity.js";
import type { NodeConfig } from "./options.js";
import { hex, refuseRemoved, StartRefusedError } from "./start-refused.js";

/** Throws `StartRefusedError`. What the log holds beyond the backend is not looked at. */
export function checkStoredMembers(config: NodeConfig, stored: Identity): void {
  const membership = new Membership(new WriteBuffer(config.backend));
  if (membership.isRemoved(stored.memberId)) refuseRemoved(stored);
  // Whoever makes a cluster of these data has said that they are meant, and may give the member another name and address.
  if (config.forceNewCluster) return;
  const founding = foundingIdentity(config);
  if (founding.memberId === stored.memberId && founding.clusterId === stored.clusterId) return;
  // Without a record of its own the backend is another one's, and the state machine's owner check says so.
  if (membership.member(stored.memberId) === undefined) return;
  refuseOtherMember(config, membership, stored);
  refuseOtherCluster(config, membership, stored);
}

/** Both the name and an address of the settings are those of another member in the list. */
function refuseOtherMember({ name, peerUrls }: NodeConfig, membership: Membership, { memberId }: Identity): void {
  const meant = membership.members.find(
    (member) => member.id !== memberId && member.name === name && member.peerUrls.some((url) => peerUrls.includes(url)),
  );
  if (meant === undefined) return;
  throw new StartRefusedError(
    `the data directory is that of member ${hex(memberId)} (${membership.member(memberId)?.name}), but --name and ` +
      `--initial-advertise-peer-urls are those of member ${hex(meant.id)} (${meant.name}): give each member its own --data-dir`,
  );
}

/** Nobody in `--initial-cluster` has a name or an address of anybody in the list, and one of the two has several members. */
function refuseOtherCluster({ initialCluster }: NodeConfig, { members }: Membership, stored: Identity): void {
  if (initialCluster.length === 1 && members.length === 1) return;
  const known = new Set(members.flatMap(({ name, peerUrls }) => [name, ...peerUrls]));
  if (initialCluster.some(({ name, peerUrls }) => [name, ...peerUrls].some((word) => known.has(word)))) return;
  const list = (some: readonly { readonly name: string; readonly peerUrls: readonly string[] }[]): string =>
    some.map(({ name, peerUrls }) => `${name}=${peerUrls.join(",")}`).join(", ");
  throw new StartRefusedError(
    `the data directory is that of member ${hex(stored.memberId)} of cluster ${hex(stored.clusterId)} with the members ` +
      `${list(members)}, and --initial-cluster has none of them (${list(initialCluster)}): give another --data-dir`,
  );
}
