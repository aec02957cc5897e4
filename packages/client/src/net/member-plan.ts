/**
 * What a list of members means for the list of endpoints: pure. The rule is that a list that its user gave is changed only by
 * addresses which are known to be the members' own (see docs/decisions/client-member-sync.md).
 */
import { addressKey } from "./addresses.js";

/** A member, as the cluster lists it. */
export interface ListedMember {
  readonly id: bigint;
  readonly name: string;
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

/** An endpoint of the present list. */
export interface PresentEndpoint {
  readonly address: string;
  /** Who answered there last; 0n for nobody. */
  readonly memberId: bigint;
}

export interface MemberPlan {
  /** Present addresses that stay, in their order. */
  readonly keep: readonly string[];
  /** Voters without an endpoint, and where they say that they listen. To be added once one of the addresses proves true. */
  readonly missing: readonly { readonly id: bigint; readonly addresses: readonly string[] }[];
}

/**
 * Undefined where nothing may change: no voter is listed, or (unless `trusted`) none of the present endpoints is an address
 * that a member advertises, which is the mark of a load balancer, a proxy or a tunnel.
 *
 * `advertisedBefore`: keys (`addressKey`) of addresses that earlier lists had. Of the present endpoints only these, and those of
 * members that do not vote, may go; with `trusted` all that no voter advertises.
 */
export function planMembers(
  members: readonly ListedMember[],
  present: readonly PresentEndpoint[],
  advertisedBefore: ReadonlySet<string>,
  trusted: boolean,
): MemberPlan | undefined {
  const voters = members.filter(isStartedVoter);
  const advertised = new Set(voters.flatMap(keysOf));
  const notVoting = new Set(members.filter((member) => !isStartedVoter(member)).flatMap(keysOf));
  if (voters.length === 0) return undefined;
  if (!trusted && !present.some(({ address }) => advertised.has(addressKey(address)))) return undefined;
  const kept = present.filter(({ address }) => {
    const key = addressKey(address);
    if (advertised.has(key)) return true;
    return !trusted && !advertisedBefore.has(key) && !notVoting.has(key);
  });
  const keptKeys = new Set(kept.map(({ address }) => addressKey(address)));
  // A member may be present under another name than it advertises: then it is known by who answered there.
  const keptIds = new Set(kept.map(({ memberId }) => memberId));
  const missing = voters
    .filter((voter) => !keptIds.has(voter.id) && !keysOf(voter).some((key) => keptKeys.has(key)))
    .map(({ id, clientUrls }) => ({ id, addresses: clientUrls.map((url) => url.replace(/\/+$/, "")) }));
  return { keep: kept.map(({ address }) => address), missing };
}

/** Keys of the addresses of started voters. */
export function advertisedKeys(members: readonly ListedMember[]): string[] {
  return members.filter(isStartedVoter).flatMap(keysOf);
}

/** A member has no name before it has started for the first time. */
function isStartedVoter({ name, isLearner, clientUrls }: ListedMember): boolean {
  return name !== "" && !isLearner && clientUrls.length > 0;
}

function keysOf({ clientUrls }: ListedMember): string[] {
  return clientUrls.map((url) => addressKey(url.replace(/\/+$/, "")));
}
