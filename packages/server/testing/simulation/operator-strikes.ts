/** What operators do while the cluster is in trouble, through the services that `kvorumctl` uses. A refusal is an answer. */
import { KV, Maintenance } from "@kvorum/proto";
import { type Channel, RpcError } from "@kvorum/transport";
import type { Machine } from "../../src/simulation/machine.js";
import type { Nemesis } from "./nemesis.js";
import type { Fault } from "./plan.js";
import { type Strike, serving, strike } from "./strike.js";

type OperatorFault = Extract<Fault, "transfer" | "compaction" | "defragment" | "snapshot download">;

const CALL = { timeoutMs: 10_000 };
/** Revisions behind the newest one, at most. */
const COMPACTION_LAG = 300;

export const OPERATOR_STRIKES: Readonly<Record<OperatorFault, Strike>> = {
  transfer: (nemesis, chance) => {
    const { leader } = nemesis.simulation;
    const target = serving(nemesis, chance);
    const targetID = target?.node?.raftStatus.id;
    if (leader === undefined || target === undefined || targetID === undefined || target === leader) return;
    operate(nemesis, "transfer", leader, `hands the lead over to ${target.name}`, (channel) =>
      channel.unary(Maintenance.method.moveLeader, { targetID }, CALL),
    );
  },

  compaction: (nemesis, chance) => {
    const machine = serving(nemesis, chance);
    const newest = machine?.node?.header.revision;
    if (machine === undefined || newest === undefined) return;
    const revision = newest - BigInt(chance.int(COMPACTION_LAG));
    if (revision <= (machine.node?.stats.compactRevision ?? 0n)) return;
    const physical = chance.percent(50);
    operate(nemesis, "compaction", machine, `compacts at ${revision}${physical ? ", physically" : ""}`, (channel) =>
      channel.unary(KV.method.compact, { revision, physical }, CALL),
    );
  },

  defragment: (nemesis, chance) => {
    const machine = serving(nemesis, chance);
    if (machine === undefined) return;
    operate(nemesis, "defragment", machine, "is defragmented", (channel) =>
      channel.unary(Maintenance.method.defragment, {}, CALL),
    );
  },

  "snapshot download": (nemesis, chance) => {
    const machine = serving(nemesis, chance);
    if (machine === undefined) return;
    operate(nemesis, "snapshot download", machine, "is asked for a snapshot", async (channel) => {
      const requests = (async function* () {
        yield {};
      })();
      for await (const { remainingBytes } of channel.stream(Maintenance.method.snapshot, requests, CALL)) {
        if (remainingBytes === 0n) return;
      }
    });
  },
};

/** Counted when it succeeds. Any error but a refusal is the run's. */
function operate(
  nemesis: Nemesis,
  fault: OperatorFault,
  machine: Machine,
  what: string,
  work: (channel: Channel) => Promise<unknown>,
): void {
  const { simulation } = nemesis;
  simulation.trace.note(machine.name, what);
  work(simulation.channel(machine.name)).then(
    () => strike(nemesis, fault, machine, `${fault} is done`),
    (error: unknown) => {
      if (!(error instanceof RpcError)) throw error;
      simulation.trace.note(machine.name, `${fault} is refused: ${error.message}`);
    },
  );
}
