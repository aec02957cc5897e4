/**
 * The words for a caller's mistake: which argument, and what was given. Types catch most of them; this is for plain JavaScript
 * and for numbers. Nothing here shows what a value of a key is, only what kind of thing it is.
 */

/** A value in an error message: numbers and names as they are, anything else by its type. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value === null || typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
    return String(value);
  }
  return kindOf(value);
}

/** What kind of thing it is, and nothing of what it holds. */
export function kindOf(value: unknown): string {
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  return value.constructor?.name ?? "object";
}

export function checkName(value: unknown, names: readonly string[], argument: string): void {
  if (typeof value === "string" && names.includes(value)) return;
  throw new TypeError(
    `${argument} must be one of ${names.map((name) => JSON.stringify(name)).join(", ")}, not ${describe(value)}`,
  );
}

export function checkFlag(value: unknown, argument: string): void {
  if (typeof value !== "boolean") throw new TypeError(`${argument} must be true or false, not ${describe(value)}`);
}

export function checkObject(value: unknown, argument: string): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${argument} must be an object, not ${describe(value)}`);
  }
}

export function checkMilliseconds(value: unknown, argument: string): void {
  if (typeof value !== "number") throw new TypeError(`${argument} must be a number, not ${describe(value)}`);
  if (!Number.isFinite(value) || value <= 0) {
    throw new RangeError(`${argument} must be a number of milliseconds above 0, not ${value}`);
  }
}

export function checkCount(value: unknown, argument: string): void {
  if (typeof value !== "number") throw new TypeError(`${argument} must be a number, not ${describe(value)}`);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${argument} must be a whole number of at least 1, not ${value}`);
  }
}
