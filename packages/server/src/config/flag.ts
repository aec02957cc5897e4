/**
 * What a flag of `kvorum` is: the same setting as a flag, as a variable and as a key of the configuration file. The flags
 * themselves stand by subject in `member-flags.ts` and its siblings; `flags.ts` puts them together.
 */
import type { ReadValue } from "./values.js";

/** Headings of the help. */
export type FlagGroup =
  | "Member"
  | "Cluster"
  | "Checks"
  | "Client TLS"
  | "Member TLS"
  | "Every TLS"
  | "Users"
  | "HTTP"
  | "Connections"
  | "Limits"
  | "History"
  | "Logging"
  | "Unsafe";

export interface Flag<T> {
  /** Without dashes. */
  readonly name: string;
  /** Older names that mean the same and stay out of the help. */
  readonly aliases?: readonly string[];
  readonly group: FlagGroup;
  /** What stands for the value in the help: `<path>`. */
  readonly placeholder: string;
  readonly help: string;
  readonly read: ReadValue<T>;
  readonly fallback: T;
  /** Go's form of a flag that is true or false: it stands alone or with its value behind an equals sign. */
  readonly isSwitch?: true;
  /** A bare number in a configuration file counts nanoseconds (etcd). */
  readonly isDuration?: true;
  /** An older form of another flag; stays out of the help. */
  readonly isHidden?: true;
  /** How the default reads in the help where `fallback` alone does not say it. */
  readonly fallbackText?: string;
  /** Key in the configuration file, folders of keys joined by dots. Default: the flag's name. */
  readonly fileKey?: string;
}

export type FlagsOf<Settings> = { readonly [K in keyof Settings]: Flag<Settings[K]> };

/** The environment variable of a flag: `data-dir` → `ETCD_DATA_DIR`. */
export function environmentName(flagName: string): string {
  return `ETCD_${flagName.toUpperCase().replaceAll("-", "_")}`;
}

/** How the default reads in the help. */
export function fallbackText(flag: Flag<unknown>): string {
  return flag.fallbackText ?? (Array.isArray(flag.fallback) ? flag.fallback.join(",") : String(flag.fallback));
}
