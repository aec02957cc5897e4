/** A guarantee is broken. The message names the invariant (reliability's S and L numbers) and the two witnesses. */
export class SimulationViolation extends Error {
  override readonly name = "SimulationViolation";
}

export function violated(invariant: string, what: string): never {
  throw new SimulationViolation(`${invariant}: ${what}`);
}
