/** The `grpc-timeout` field: at most eight digits and a unit (gRPC over HTTP/2, "Timeout"). */

const MS_OF_UNIT: ReadonlyMap<string, number> = new Map([
  ["H", 3_600_000],
  ["M", 60_000],
  ["S", 1_000],
  ["m", 1],
  ["u", 1e-3],
  ["n", 1e-6],
]);
/** One more than eight digits can say. */
const VALUE_END = 100_000_000;

/**
 * Milliseconds as the field's value, in the finest unit from milliseconds up that has room, rounded up: what is left of a
 * deadline never becomes less on its way. `ms` is not negative.
 */
export function encodeTimeout(ms: number): string {
  if (ms <= VALUE_END - 1) return `${Math.ceil(ms)}m`;
  if (ms <= (VALUE_END - 1) * 1_000) return `${Math.ceil(ms / 1_000)}S`;
  if (ms <= (VALUE_END - 1) * 60_000) return `${Math.ceil(ms / 60_000)}M`;
  return `${Math.min(VALUE_END - 1, Math.ceil(ms / 3_600_000))}H`;
}

/** The field's value in milliseconds, with a fraction where the unit is finer; undefined where it is no timeout. */
export function parseTimeout(text: string): number | undefined {
  const unitMs = MS_OF_UNIT.get(text.charAt(text.length - 1));
  const digits = text.length - 1;
  if (unitMs === undefined || digits < 1 || digits > 8) return undefined;
  let value = 0;
  for (let at = 0; at < digits; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value * unitMs;
}
