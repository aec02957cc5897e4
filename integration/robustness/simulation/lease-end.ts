/** S14 of a healed cluster: what nobody renews comes to its end. */
import { Lease } from "@kvorum/proto";
import { RpcError } from "@kvorum/transport";
import { CALL, demand, type Healed, servers } from "./healed.js";

/** The longest TTL, and what lessors may take for many leases at once. */
const LEASES_END_WITHIN_MS = 40_000;
const LEASES_LISTED_EVERY_MS = 500;

/** The clients' leases, which nobody renews any more, are gone from what a member lists. Every list is recorded. */
export async function demandLeasesEnd(healed: Healed): Promise<void> {
  const { environment, witnesses } = healed;
  const leases = new Set(witnesses.leaseCalls.map(({ lease }) => lease));
  if (leases.size === 0) return;
  const client = witnesses.nextClient();
  let [left, failure]: [bigint[], unknown] = [[...leases], undefined];
  const list = async (): Promise<void> => {
    const [member] = servers(healed);
    if (member === undefined) return;
    const invoke = environment.nowMs();
    const answer = await environment.connect(member.name).unary(Lease.method.leaseLeases, {}, CALL);
    const listed = new Set(answer.leases.map(({ ID }) => ID));
    const times = { client, invoke, return: environment.nowMs(), kind: "list" } as const;
    for (const lease of leases) {
      witnesses.recordLease({ ...times, lease, outcome: { status: listed.has(lease) ? "found" : "gone" } });
    }
    left = left.filter((lease) => listed.has(lease));
  };
  void (async () => {
    while (left.length > 0) {
      await list().catch((error: unknown) => {
        if (!(error instanceof RpcError)) throw error;
      });
      await environment.pause(LEASES_LISTED_EVERY_MS);
    }
  })().catch((error: unknown) => {
    failure = error;
  });
  await demand(
    healed,
    "S14",
    () => `leases that nobody renews end (left are ${left.map((lease) => lease.toString(16)).join(", ")})`,
    LEASES_END_WITHIN_MS + (await revocationMs(healed)),
    () => {
      if (failure !== undefined) throw failure;
      return left.length === 0;
    },
  );
}

/** In which a leader whose bounds are as tight as the plan's gets round to every lease that there is. */
async function revocationMs({ simulation }: Healed): Promise<number> {
  const { leaseScanIntervalMs = 500, leaseScanMax = 500, leaseRevokesMax = 16 } = simulation.plan.tuning;
  const leases = (await simulation.leader?.node?.leases()) ?? [];
  return (leases.length * leaseScanIntervalMs) / Math.min(leaseScanMax, leaseRevokesMax);
}
