/**
 * The global flags, with etcdctl's names, defaults and variables: `--write-out` may be given as `ETCDCTL_WRITE_OUT`. A flag and
 * its variable together are a conflict, as for etcdctl: nobody can tell which one was meant.
 */
import { CommandFailure, EXIT } from "./failure.js";
import { duration, type Flag, type FlagsFor, onOff, repeatedList, text } from "./flags.js";
import { NumberTextError } from "./numbers.js";
import { quote } from "./output/quote.js";

export interface GlobalFlags {
  readonly cacert: string;
  readonly cert: string;
  /** Milliseconds, as the other durations. */
  readonly "command-timeout": number;
  readonly debug: boolean;
  readonly "dial-timeout": number;
  readonly "discovery-srv": string;
  readonly "discovery-srv-name": string;
  readonly endpoints: readonly string[];
  readonly hex: boolean;
  readonly "insecure-discovery": boolean;
  readonly "insecure-skip-tls-verify": boolean;
  readonly "insecure-transport": boolean;
  readonly "keepalive-time": number;
  readonly "keepalive-timeout": number;
  readonly key: string;
  readonly password: string;
  readonly user: string;
  readonly "write-out": string;
}

/** What `--write-out` may be. */
export const FORMATS: readonly string[] = ["simple", "json", "fields", "table", "protobuf"];

export const GLOBAL_FLAGS: FlagsFor<GlobalFlags> = {
  cacert: text("verify certificates of TLS-enabled secure servers using this CA bundle", { placeholder: "<file>" }),
  cert: text("identify secure client using this TLS certificate file", { placeholder: "<file>" }),
  "command-timeout": duration("timeout for short running command (excluding dial timeout)", 5_000),
  debug: onOff("enable client-side debug logging"),
  "dial-timeout": duration("dial timeout for client connections", 2_000),
  "discovery-srv": text("domain name to query for SRV records describing cluster endpoints", {
    short: "d",
    placeholder: "<domain>",
  }),
  "discovery-srv-name": text("service name to query when using DNS discovery", { placeholder: "<name>" }),
  endpoints: repeatedList("gRPC endpoints", ["127.0.0.1:2379"]),
  hex: onOff("print byte strings as hex encoded strings"),
  "insecure-discovery": onOff("accept insecure SRV records describing cluster endpoints", { fallback: true }),
  "insecure-skip-tls-verify": onOff("skip server certificate verification (only for testing purposes)"),
  "insecure-transport": onOff("disable transport security for client connections", { fallback: true }),
  "keepalive-time": duration("keepalive time for client connections", 2_000),
  "keepalive-timeout": duration("keepalive timeout for client connections", 6_000),
  key: text("identify secure client using this TLS key file", { placeholder: "<file>" }),
  password: text("password for authentication (if this option is used, --user should not include a password)"),
  user: text("username[:password] for authentication (prompt if password is not supplied)"),
  "write-out": text("set the output format (fields, json, protobuf, simple, table)", {
    short: "w",
    fallback: "simple",
    placeholder: "<format>",
    choices: FORMATS,
  }),
};

export interface Settings extends GlobalFlags {
  /** Whether the endpoints were named at all, by flag or by variable. */
  readonly endpointsAreGiven: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Told to etcdctl and to libraries, or read elsewhere in this package. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set(["ETCDCTL_API", "ETCDCTL_WATCH_KEY", "ETCDCTL_WATCH_RANGE_END"]);

/**
 * The settings, and what a person should know about their variables.
 *
 * Errors: `CommandFailure` for a variable beside its flag, or one that cannot be read.
 */
export function readSettings(
  given: Readonly<Record<string, unknown>>,
  environment: Environment,
): { readonly settings: Settings; readonly warnings: readonly string[] } {
  const values: Record<string, unknown> = {};
  let endpointsAreGiven = false;
  for (const [name, flag] of Object.entries<Flag<unknown>>(GLOBAL_FLAGS)) {
    const variable = variableName(name);
    // An empty variable counts as unset, as it does for etcdctl.
    const text = environment[variable] === "" ? undefined : environment[variable];
    if (text !== undefined && Object.hasOwn(given, name)) throw conflict(variable);
    if (Object.hasOwn(given, name)) values[name] = given[name];
    else if (text !== undefined) values[name] = readVariable(flag, variable, text);
    else values[name] = flag.fallback;
    if (name === "endpoints") endpointsAreGiven = text !== undefined || Object.hasOwn(given, name);
  }
  // The loop above has set every name of the table, with values that its flags have read.
  return { settings: { ...values, endpointsAreGiven } as Settings, warnings: unknownVariables(environment) };
}

export function variableName(flag: string): string {
  return `ETCDCTL_${flag.toUpperCase().replaceAll("-", "_")}`;
}

function conflict(variable: string): CommandFailure {
  return new CommandFailure(
    EXIT.error,
    `conflicting environment variable "${variable}" is shadowed by corresponding command-line flag (either unset environment variable or disable flag)`,
  );
}

function readVariable(flag: Flag<unknown>, variable: string, text: string): unknown {
  try {
    return flag.read(text);
  } catch (error) {
    if (!(error instanceof NumberTextError)) throw error;
    throw new CommandFailure(EXIT.error, `invalid value ${quote(text)} for ${variable}: ${error.message}`);
  }
}

function unknownVariables(environment: Environment): string[] {
  const known = new Set(Object.keys(GLOBAL_FLAGS).map(variableName));
  return Object.keys(environment)
    .filter((name) => name.startsWith("ETCDCTL_") && !known.has(name) && !OTHER_VARIABLES.has(name))
    .map((name) => `unrecognized environment variable ${name}=${environment[name]}`);
}
