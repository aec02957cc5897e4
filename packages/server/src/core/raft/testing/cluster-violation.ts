/** A promise of Raft that a simulated cluster has broken; its name is that of the invariant. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** The message is built only when it is needed: a run makes millions of checks. */
export function check(condition: boolean, name: string, message: () => string): asserts condition {
  if (!condition) throw new Violation(`${name}: ${message()}`);
}
