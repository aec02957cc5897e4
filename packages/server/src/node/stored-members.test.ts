/** A data directory that is not the one that was meant, and lawful changes that must not be taken for it. */
import { describe, expect, it } from "vitest";
import { memberOf, peerUrl, RecoveredMachine, THREE } from "../../testing/recovered-machine.js";
import type { ConfChange } from "../core/apply/command.js";
import { initialClusterOf } from "./identity.js";
import type { NodeOptions } from "./options.js";
import { StartRefusedError } from "./start-refused.js";

const { clusterId, members } = initialClusterOf(THREE, "etcd-cluster");
const idOf = (name: string): bigint => members.find(({ peerUrls }) => peerUrls.includes(peerUrl(name)))?.id as bigint;
const add = (name: string, peerUrls = [peerUrl(name)]): ConfChange => ({
  type: "add-voter",
  member: memberOf(idOf(name), name, peerUrls),
});

/** Member n1 of the three, after the changes were applied. */
async function lived(...changes: readonly ConfChange[]): Promise<RecoveredMachine> {
  const machine = new RecoveredMachine({ initialCluster: THREE });
  await machine.visit();
  machine.applyChanges(3, changes);
  return machine;
}

function told(name: string, ...names: readonly string[]): Partial<NodeOptions> {
  const initialCluster = [name, ...names].map((each) => ({ name: each, peerUrls: [peerUrl(each)] }));
  return { name, peerUrls: [peerUrl(name)], initialCluster };
}

describe("the data directory", () => {
  it("of a removed member is refused", async () => {
    const machine = await lived(add("n1"), add("n2"), add("n3"), {
      type: "remove",
      member: memberOf(idOf("n1"), "n1", []),
    });
    const error = await machine.recover().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StartRefusedError);
    expect((error as Error).message).toBe(
      `member ${idOf("n1").toString(16)} was removed from cluster ${clusterId.toString(16)}. To join again under a new id, ` +
        "remove its data directory, add it (member add), and start it with --initial-cluster-state existing",
    );
  });

  it("of another member is refused", async () => {
    const machine = await lived(add("n1"), add("n2"), add("n3"));
    expect(await machine.refusal(told("n2", "n1", "n3"))).toBe(
      `the data directory is that of member ${idOf("n1").toString(16)} (n1), but --name and --initial-advertise-peer-urls ` +
        `are those of member ${idOf("n2").toString(16)} (n2): give each member its own --data-dir`,
    );
  });

  it("of another cluster is refused", async () => {
    const machine = await lived(add("n1"), add("n2"), add("n3"));
    expect(await machine.refusal(told("x1", "x2"))).toBe(
      `the data directory is that of member ${idOf("n1").toString(16)} of cluster ${clusterId.toString(16)} with the members ` +
        "n1=http://n1:2380, n2=http://n2:2380, n3=http://n3:2380, and --initial-cluster has none of them " +
        "(x1=http://x1:2380, x2=http://x2:2380): give another --data-dir",
    );
  });

  it.each<[string, readonly ConfChange[], Partial<NodeOptions>]>([
    ["the settings of its birth", [add("n1"), add("n2"), add("n3")], {}],
    ["a new token, which counts at the birth only", [add("n1"), add("n2"), add("n3")], { clusterToken: "other" }],
    [
      "a new name",
      [add("n1"), add("n2")],
      { ...told("new"), peerUrls: [peerUrl("n1")], initialCluster: [{ name: "new", peerUrls: [peerUrl("n1")] }] },
    ],
    ["the old settings after all addresses have moved", [add("n1", ["http://a:1"]), add("n2", ["http://b:1"])], {}],
    [
      "new addresses that its own list does not have yet",
      [add("n1"), add("n2")],
      {
        peerUrls: ["http://a:1"],
        initialCluster: [
          { name: "n1", peerUrls: ["http://a:1"] },
          { name: "n2", peerUrls: ["http://b:1"] },
        ],
      },
    ],
    [
      "an address that was another member's when it was last up",
      [add("n1"), add("n2")],
      {
        peerUrls: [peerUrl("n2")],
        initialCluster: [
          { name: "n1", peerUrls: [peerUrl("n2")] },
          { name: "n2", peerUrls: ["http://b:1"] },
        ],
      },
    ],
    ["a list in which all other members have been replaced", [add("n1"), add("n2"), add("n3")], told("n1", "m2", "m3")],
    ["the defaults, where the cluster has grown", [add("n1"), add("n2")], told("n1")],
    ["another name and address for a sole member", [add("n1")], told("x1")],
  ])("is used with %s", async (_case, changes, settings) => {
    const machine = await lived(...changes);
    const { identity } = await machine.recover(settings);
    expect(identity).toEqual({ clusterId, memberId: idOf("n1") });
  });
});
