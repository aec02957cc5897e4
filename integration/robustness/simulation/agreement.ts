/** L3 and S16 of a healed cluster: equal members, and watches that have been told all of it. */
import { KV, Maintenance } from "@kvorum/proto";
import type { Machine } from "../../../packages/server/testing/simulation/simulation.js";
import { violated } from "../../../packages/server/testing/simulation/violation.js";
import type { Dump } from "../checker/history.js";
import { bytes, fromPair, revisionOf } from "../wire.js";
import { CALL, demand, type Healed, isPlain, members, servers, TOGETHER_WITHIN_MS } from "./healed.js";

const EVERYTHING = { key: bytes("\0"), rangeEnd: bytes("\0") };

/** Everybody has applied the same and holds the same; and has told its watch all of it. */
export async function demandAgreement(healed: Healed): Promise<Dump[]> {
  const { simulation, witnesses } = healed;
  const appliedOf = ({ node }: Machine): string =>
    `${node?.raftStatus.appliedIndex}/${node?.header.revision}/${node?.stats.compactRevision}`;
  await demand(
    healed,
    "L3",
    () => `all members have applied the same (${members(healed).map(appliedOf).join(", ")})`,
    TOGETHER_WITHIN_MS,
    () => isPlain(healed) && members(healed).length > 0 && new Set(members(healed).map(appliedOf)).size === 1,
  );
  const last = Number(simulation.leader?.node?.header.revision ?? 0n);
  const names = new Set(servers(healed).map(({ name }) => name));
  await demand(
    healed,
    "L4",
    () =>
      `every watch has been told revision ${last} (${witnesses.watches.map(({ revision }) => revision).join(", ")})`,
    TOGETHER_WITHIN_MS,
    () => witnesses.watches.every((watch) => !names.has(watch.name) || watch.revision >= last),
  );
  return demandDumps(healed, [...names], last);
}

/** Errors: `SimulationViolation` S16 where the hashes differ. */
async function demandDumps(healed: Healed, names: readonly string[], last: number): Promise<Dump[]> {
  const dumps: Dump[] = [];
  const hashes: string[] = [];
  let failure: unknown;
  const read = async (name: string): Promise<void> => {
    const channel = healed.environment.connect(name);
    const range = await channel.unary(KV.method.range, EVERYTHING, CALL);
    const { hash, compactRevision } = await channel.unary(Maintenance.method.hashKV, { revision: BigInt(last) }, CALL);
    hashes.push(`${hash} compacted at ${compactRevision}`);
    dumps.push({ source: name, revision: revisionOf(range), kvs: range.kvs.map(fromPair) });
  };
  void (async () => {
    for (const name of names) await read(name);
  })().catch((error: unknown) => {
    failure = error;
  });
  await demand(
    healed,
    "L4",
    () => `every member shows what it holds (${failure})`,
    TOGETHER_WITHIN_MS,
    () => {
      return dumps.length === names.length;
    },
  );
  if (new Set(hashes).size > 1) {
    violated("S16", `hashes at revision ${last} differ: ${names.map((name, i) => `${name} ${hashes[i]}`).join(", ")}`);
  }
  return dumps;
}
