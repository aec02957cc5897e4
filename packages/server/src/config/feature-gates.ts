/**
 * etcd's feature gates. One of them is a choice here, too; the others are named with what the node does in their place, so
 * that a configuration of etcd starts and says what it does not get.
 */

export type FeatureGate = "AllAlpha" | "AllBeta" | "InitialCorruptCheck" | FixedGate;

type FixedGate =
  | "StopGRPCServiceOnDefrag"
  | "CompactHashCheck"
  | "LeaseCheckpoint"
  | "LeaseCheckpointPersist"
  | "SetMemberLocalAddr"
  | "TxnModeWriteWithSharedBuffer"
  | "FastLeaseKeepAlive"
  | "PriorityRequest";

export type FeatureGates = { readonly [K in FeatureGate]?: boolean };

/** What stands in place of the gates that are no choice here. `is`: the state that the node behaves as. */
const FIXED_GATES: Readonly<Record<FixedGate, { readonly is: boolean; readonly advice: string }>> = {
  StopGRPCServiceOnDefrag: { is: false, advice: "a defragmentation does not stop the service" },
  CompactHashCheck: { is: false, advice: "--corrupt-check-time compares the members' data" },
  LeaseCheckpoint: { is: true, advice: "what is left of long leases is always recorded" },
  LeaseCheckpointPersist: { is: true, advice: "what is left of long leases is always recorded" },
  SetMemberLocalAddr: { is: false, advice: "the system picks the local address of connections to members" },
  TxnModeWriteWithSharedBuffer: { is: true, advice: "transactions never copy the read buffer" },
  FastLeaseKeepAlive: { is: true, advice: "a renewal waits for nothing that it need not wait for" },
  PriorityRequest: { is: false, advice: "every request waits its turn" },
};

const FIXED = Object.keys(FIXED_GATES) as FixedGate[];

export const FEATURE_GATES: readonly FeatureGate[] = ["AllAlpha", "AllBeta", "InitialCorruptCheck", ...FIXED];

/** Whether the data are compared at the start. `AllAlpha` speaks for every alpha gate that is not mentioned (etcd). */
export function wantsCorruptCheck(gates: FeatureGates): boolean | undefined {
  return gates.InitialCorruptCheck ?? gates.AllAlpha;
}

/** One gate as the metrics show it. */
export interface FeatureState {
  readonly name: FeatureGate;
  /** etcd's word for how far a gate has come. */
  readonly stage: "ALPHA" | "BETA";
  readonly enabled: boolean;
}

const BETA: ReadonlySet<FeatureGate> = new Set(["TxnModeWriteWithSharedBuffer", "FastLeaseKeepAlive"]);

/** Every gate with what the node behaves as. */
export function featureStates(initialCorruptCheck: boolean): readonly FeatureState[] {
  const states = FIXED.map((name) => ({ name, enabled: FIXED_GATES[name].is }));
  return [{ name: "InitialCorruptCheck" as const, enabled: initialCorruptCheck }, ...states].map((state) => ({
    ...state,
    stage: BETA.has(state.name) ? "BETA" : "ALPHA",
  }));
}

/** A line for every gate that was given and cannot be had. */
export function gateWarnings(gates: FeatureGates): readonly string[] {
  return FIXED.flatMap((gate) => {
    const { is, advice } = FIXED_GATES[gate];
    if (gates[gate] === undefined || gates[gate] === is) return [];
    return [`--feature-gates: ${gate}=${gates[gate]} has no effect here: ${advice}`];
  });
}
