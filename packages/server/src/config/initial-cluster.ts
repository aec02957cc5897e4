/**
 * The members that a cluster is born with, or that a joining member was told of: `n1=http://a:1,n1=http://b:1,n2=…`. The
 * form is etcd's, and so are its rules: a name may stand several times, once an address; an address stands once.
 */
import { UsageError, url, ValueError } from "./values.js";

export interface InitialMember {
  readonly name: string;
  /** Not empty. */
  readonly peerUrls: readonly string[];
}

/**
 * Reads `name=url` pairs; members in the order of their first mention. Addresses are normalised as those of other flags
 * are, so that the two can be compared.
 *
 * @param source the flag or variable, for messages
 */
export function parseInitialCluster(value: string, source: string): readonly InitialMember[] {
  const members = new Map<string, string[]>();
  const seen = new Set<string>();
  for (const part of value.split(",")) {
    const { name, peerUrl } = parsePair(part, source);
    if (seen.has(peerUrl)) throw new UsageError(`${source} has ${peerUrl} twice: every address belongs to one member`);
    seen.add(peerUrl);
    members.set(name, [...(members.get(name) ?? []), peerUrl]);
  }
  return [...members].map(([name, peerUrls]) => ({ name, peerUrls }));
}

function parsePair(part: string, source: string): { name: string; peerUrl: string } {
  const [, name, address] = /^\s*([^=\s]+)=(\S+)\s*$/.exec(part) ?? [];
  if (name === undefined || address === undefined) {
    throw new UsageError(
      `${source}: ${JSON.stringify(part)} is not allowed, give name=url pairs such as n1=http://127.0.0.1:2380`,
    );
  }
  try {
    return { name, peerUrl: url(address) };
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new UsageError(`${source}: ${JSON.stringify(part)} is not allowed, give ${error.message} behind ${name}=`);
  }
}
