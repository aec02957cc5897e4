/** Turns state into plain data that JSON can carry, for a state explorer to hash and for people to read. */

export function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (value instanceof Map) {
    // In which order the keys came decides nothing.
    const entries = [...value].map(([key, content]): [string, unknown] => [String(key), plain(content)]);
    return entries.sort(([a], [b]) => (a < b ? -1 : 1));
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, content]) => [key, plain(content)]));
}
