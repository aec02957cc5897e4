/** A request as text, with its keys and values readable: for hooks of a test cluster that look for a certain one. */
export function textOf(request: unknown): string {
  return JSON.stringify(request, (_, value) => {
    if (typeof value === "bigint") return String(value);
    return value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
  });
}
