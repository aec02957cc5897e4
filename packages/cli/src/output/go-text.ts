/** Sizes, durations and ids as etcdctl writes them. */

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB", "EB"] as const;

/** Decimal units, one digit behind the point below ten: `29 kB`, `1.5 MB`. */
export function humanBytes(bytes: bigint | number): string {
  const amount = Number(bytes);
  if (amount < 10) return `${amount} B`;
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log(amount) / Math.log(1000)));
  const value = Math.floor((amount / 1000 ** power) * 10 + 0.5) / 10;
  return `${value < 10 ? value.toFixed(1) : halfToEven(value)} ${UNITS[power]}`;
}

/** As Go prints a number without digits behind the point. */
function halfToEven(value: number): string {
  const below = Math.floor(value);
  return String(value - below === 0.5 && below % 2 === 0 ? below : Math.round(value));
}

/** As Go prints a duration: `1.230456ms`, `850µs`, `1m2.5s`. */
export function goDuration(milliseconds: number): string {
  const nanoseconds = Math.round(milliseconds * 1e6);
  if (nanoseconds === 0) return "0s";
  if (nanoseconds < 1e3) return `${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${trimmed(nanoseconds / 1e3, 3)}µs`;
  if (nanoseconds < 1e9) return `${trimmed(nanoseconds / 1e6, 6)}ms`;
  const seconds = nanoseconds / 1e9;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = `${trimmed(seconds % 60, 9)}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

/** An id in hexadecimal digits. */
export function hexId(id: bigint): string {
  return id.toString(16);
}

/** The same in a column of sixteen. */
export function hexColumn(id: bigint): string {
  return hexId(id).padStart(16);
}

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.?0+$/, "");
}
