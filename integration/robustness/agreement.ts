/** What an operator's tools say after a fault: `etcdctl` must show the same cluster whichever member is asked. */
import { etcdctl } from "../support/etcdctl.js";
import type { Cluster } from "./cluster/cluster.js";
import { eventually, NotYet } from "./cluster/rpc.js";

interface EndpointStatus {
  readonly Endpoint: string;
  readonly Status: {
    readonly leader: number;
    readonly header: { readonly revision: number; readonly member_id: number };
  };
}

interface EndpointHash {
  readonly HashKV: { readonly hash: number; readonly compact_revision?: number };
}

interface MemberList {
  readonly members: readonly { readonly ID: number; readonly name: string; readonly peerURLs: readonly string[] }[];
}

/**
 * `endpoint status`, `member list` and `endpoint hashkv` agree on all members, and the list names exactly those there are.
 * Ids pass through JavaScript numbers here: they are compared, and two that differ only in their last bits do not occur.
 */
export async function toolsAgree(cluster: Cluster): Promise<void> {
  const { endpoints, members } = cluster;
  await eventually("etcdctl shows the same on every member", 10_000, async () => {
    const statuses = await json<EndpointStatus[]>(endpoints.join(","), ["endpoint", "status"]);
    expectSame(
      "leader",
      statuses.map(({ Status }) => Status.leader),
    );
    expectSame(
      "revision",
      statuses.map(({ Status }) => Status.header.revision),
    );
    if (statuses.length !== members.length) throw new NotYet(`${statuses.length} members answered`);
    const hashes = await json<EndpointHash[]>(endpoints.join(","), ["endpoint", "hashkv"]);
    expectSame(
      "hash",
      hashes.map(({ HashKV }) => `${HashKV.hash} ${HashKV.compact_revision ?? 0}`),
    );
    const lists = await Promise.all(endpoints.map((endpoint) => json<MemberList>(endpoint, ["member", "list"])));
    expectSame(
      "member list",
      lists.map((list) => JSON.stringify(list.members)),
    );
    const names = lists[0]?.members.map(({ name }) => name).sort();
    expectSame("names", [JSON.stringify(names), JSON.stringify(members.map(({ name }) => name).sort())]);
    return true;
  });
}

async function json<T>(endpoints: string, command: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await etcdctl(endpoints, [...command, "-w", "json"]);
  if (code !== 0) throw new NotYet(`etcdctl ${command.join(" ")} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

function expectSame(what: string, values: readonly unknown[]): void {
  if (new Set(values).size > 1) throw new NotYet(`${what} differs: ${values.join(" / ")}`);
}
