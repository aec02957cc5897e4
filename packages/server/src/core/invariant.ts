/**
 * Broken invariants stop the node: state that cannot be right is never served. `invariant` stays on in production.
 */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
