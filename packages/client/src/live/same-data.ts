/** Are two values the same data? Looks into arrays, plain objects, bytes and dates; of other objects only the same one is. */

export function sameData(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  const shape = Object.getPrototypeOf(left);
  if (shape !== Object.getPrototypeOf(right)) return false;
  if (left instanceof Date) return Object.is(left.getTime(), (right as Date).getTime());
  if (Array.isArray(left) || left instanceof Uint8Array) {
    const other = right as typeof left;
    return left.length === other.length && left.every((item, i) => sameData(item, other[i]));
  }
  return (shape === Object.prototype || shape === null) && sameFields(left, right);
}

function sameFields(left: object, right: object): boolean {
  const fields = new Map<string, unknown>(Object.entries(right));
  const entries: [string, unknown][] = Object.entries(left);
  return (
    entries.length === fields.size &&
    entries.every(([name, value]) => fields.has(name) && sameData(value, fields.get(name)))
  );
}
