/**
 * A scripted story on whole nodes that ends by asking for one guarantee of etcd. The historic bugs in `../historic-bugs` are
 * put back one after the other and must break the story that their patch names; on the real code every story ends well.
 * A story knows nothing of the patches: it asserts what a user may rely on.
 */

export interface Scenario {
  /** As a patch names it after `Caught-by: scenario`, and the name of the file. */
  readonly name: string;
  /** The guarantee, as a sentence. */
  readonly about: string;
  /** Plays the story on simulated time. Throws a `BrokenGuarantee` when the guarantee does not hold. */
  run(): Promise<void>;
}

/** What a story expected and did not find; everything else that a story throws is a mistake of the story or a crash. */
export class BrokenGuarantee extends Error {
  override readonly name = "BrokenGuarantee";
}

/** @throws {BrokenGuarantee} when the condition does not hold; the message says what was promised and what was found */
export function demand(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BrokenGuarantee(message);
}

/** @throws {BrokenGuarantee} when the two are not the same value */
export function demandEqual(found: unknown, wanted: unknown, what: string): void {
  const [left, right] = [shown(found), shown(wanted)];
  demand(left === right, `${what}: ${left} instead of ${right}`);
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part)) ?? String(value);
}
