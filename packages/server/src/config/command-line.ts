/**
 * From `argv` and the environment to settings, or to what the process should print instead. Commander finds the flags,
 * writes the help and suggests a name for a typo; values are read by the table in `flags.ts`, so that the command line
 * and the environment are checked alike.
 *
 * Flags may be written as etcd's users do: `--name x`, `--name=x`, `-name x`, `-name=x`. A flag wins over its variable.
 */
import { Command, CommanderError, Option } from "commander";
import { environmentName, FLAGS, type Flag, NOT_YET, type Settings } from "./flags.js";
import { UsageError, ValueError } from "./values.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export type CommandLine =
  | { readonly kind: "run"; readonly settings: Settings; readonly warnings: readonly string[] }
  /** Print and leave: the help and the version with code 0, a mistake with code 2. */
  | { readonly kind: "exit"; readonly code: 0 | 2; readonly output: string };

type Key = keyof Settings;

const KEYS = Object.keys(FLAGS) as Key[];

const KEY_BY_FLAG: ReadonlyMap<string, Key> = new Map(
  KEYS.flatMap((key) => [FLAGS[key].name, ...(FLAGS[key].aliases ?? [])].map((name) => [name, key] as const)),
);

/**
 * Reads the settings.
 *
 * @param argv what follows the program's name
 * @param version what `--version` prints
 */
export function readCommandLine(argv: readonly string[], environment: Environment, version: string): CommandLine {
  let output = "";
  const command = describe(version).configureOutput({
    writeOut: (text) => {
      output += text;
    },
    writeErr: (text) => {
      output += text;
    },
  });
  try {
    command.parse(normalise(argv), { from: "user" });
    const given = command.opts<Record<string, string | undefined>>();
    return { kind: "run", ...collect(given, environment) };
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0
        ? { kind: "exit", code: 0, output }
        : {
            kind: "exit",
            code: 2,
            output: `kvorum: ${error.message.replace(/^error: /, "").replace(/\s*\n/g, " ")}\n`,
          };
    }
    if (error instanceof UsageError) return { kind: "exit", code: 2, output: `kvorum: ${error.message}\n` };
    throw error;
  }
}

function describe(version: string): Command {
  const command = new Command("kvorum")
    .usage("[flags]")
    .description(
      [
        "A complete etcd v3 node for laptops, tests and services: gRPC and HTTP on one port.",
        "",
        "  kvorum                                       a node at http://localhost:2379, data in ./default.kvorum",
        "  kvorum --name n1 --data-dir /var/lib/kvorum  the same with a name and a place",
      ].join("\n"),
    )
    .helpOption("-h, --help", "print this help and exit")
    .version(version, "--version", "print the version and exit")
    .configureHelp({ helpWidth: 110 })
    .allowExcessArguments(false)
    .exitOverride()
    .addHelpText(
      "after",
      [
        "",
        "Every flag can be given as an environment variable: --data-dir as ETCD_DATA_DIR. The flag wins.",
        "One dash is enough (-name n1), and a value may follow an equals sign (--name=n1).",
        "SIGTERM and SIGINT stop the node cleanly; a second one stops it at once.",
      ].join("\n"),
    );
  for (const key of KEYS) {
    const flag: Flag<unknown> = FLAGS[key];
    const option = new Option(`--${flag.name} ${flag.placeholder}`, `${flag.help} (default: ${fallbackText(flag)})`);
    if (flag.isHidden) option.hideHelp();
    command.addOption(option.helpGroup(`${flag.group}:`));
    for (const alias of flag.aliases ?? []) command.addOption(new Option(`--${alias} ${flag.placeholder}`).hideHelp());
  }
  return command;
}

function fallbackText(flag: Flag<unknown>): string {
  return flag.fallbackText ?? (Array.isArray(flag.fallback) ? flag.fallback.join(",") : String(flag.fallback));
}

/**
 * Go's form of a long flag has one dash, and a switch that stands alone is true. Also says so early when a flag is one of
 * etcd's that is not served yet.
 */
function normalise(argv: readonly string[]): string[] {
  const normalised: string[] = [];
  let valueFollows = false;
  for (const [position, argument] of argv.entries()) {
    const name: string | undefined = valueFollows ? undefined : /^--?([a-z][\w-]+)/i.exec(argument)?.[1];
    if (name !== undefined && NOT_YET.has(name)) {
      throw new UsageError(`--${name} is a flag of etcd that this version does not have yet`);
    }
    const key: Key | undefined = name === undefined ? undefined : KEY_BY_FLAG.get(name);
    const bare: Flag<unknown> | undefined = key === undefined || argument.includes("=") ? undefined : FLAGS[key];
    if (bare?.isSwitch) refuseLooseValue(name as string, argv[position + 1]);
    const dash = name !== undefined && !argument.startsWith("--") ? "-" : "";
    normalised.push(`${dash}${argument}${bare?.isSwitch ? "=true" : ""}`);
    valueFollows = bare !== undefined && !bare.isSwitch;
  }
  return normalised;
}

/** `--pre-vote false` would mean true and a stray word, as it does for Go; better to say so than to be misunderstood. */
function refuseLooseValue(name: string, next: string | undefined): void {
  if (next === undefined || next.startsWith("-")) return;
  throw new UsageError(`--${name}: write its value behind an equals sign, --${name}=${next}`);
}

function collect(
  given: Readonly<Record<string, string | undefined>>,
  environment: Environment,
): { settings: Settings; warnings: readonly string[] } {
  const warnings = unknownVariables(environment);
  const values: Partial<Record<Key, unknown>> = {};
  for (const key of KEYS) {
    const flag: Flag<unknown> = FLAGS[key];
    const names = [flag.name, ...(flag.aliases ?? [])];
    const fromFlag = names.find((name) => given[camelCase(name)] !== undefined);
    // An empty variable counts as unset, as it does for etcd.
    const fromVariable = names.map(environmentName).find((name) => (environment[name] ?? "") !== "");
    values[key] = flag.fallback;
    if (fromFlag !== undefined) {
      values[key] = readValue(flag, given[camelCase(fromFlag)] as string, `--${fromFlag}`);
      if (fromVariable !== undefined) warnings.push(`${fromVariable} is set too; --${fromFlag} wins`);
    } else if (fromVariable !== undefined) {
      values[key] = readValue(flag, environment[fromVariable] as string, fromVariable);
    }
  }
  return { settings: values as Settings, warnings };
}

function readValue(flag: Flag<unknown>, value: string, source: string): unknown {
  try {
    return flag.read(value);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new UsageError(`${source}: ${JSON.stringify(value)} is not allowed, give ${error.message}`);
  }
}

/** etcd starts with unknown `ETCD_` variables but says so; a variable for something important must not vanish silently. */
function unknownVariables(environment: Environment): string[] {
  const known = new Set([...KEY_BY_FLAG.keys()].map(environmentName));
  return Object.keys(environment)
    .filter((name) => name.startsWith("ETCD_") && !known.has(name) && (environment[name] ?? "") !== "")
    .map((name) => `${name} is not a setting of this version and has no effect`);
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
