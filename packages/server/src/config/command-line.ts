/**
 * From `argv`, the environment and the configuration file to settings, or to what the process should print instead.
 * Commander finds the flags, writes the help and suggests a name for a typo; values are read by the table in `flags.ts`,
 * so that all three sources are checked alike.
 *
 * Flags may be written as etcd's users do: `--name x`, `--name=x`, `-name x`, `-name=x`. A flag wins over its variable; a
 * configuration file stands alone (etcd's rule).
 */
import { Command, CommanderError, Option } from "commander";
import { readConfigFile } from "./config-file.js";
import { type Environment, readEnvironment, variablesOf } from "./environment.js";
import { type Flag, fallbackText } from "./flag.js";
import {
  CONFIG_FILE_FLAG,
  CONFIG_FILE_VARIABLE,
  FLAGS,
  KEY_BY_FLAG,
  namesOf,
  SETTING_KEYS,
  type SettingKey,
  type Settings,
} from "./flags.js";
import { type Given, type Givens, settingsOf, warnOfNotCarried } from "./given.js";
import { NOT_CARRIED } from "./not-carried.js";
import { UsageError } from "./values.js";

export type { Environment };

export type CommandLine =
  | { readonly kind: "run"; readonly settings: Settings; readonly warnings: readonly string[] }
  /** Print and leave: the help and the version with code 0, a mistake with code 2. */
  | { readonly kind: "exit"; readonly code: 0 | 2; readonly output: string };

/**
 * Reads the settings.
 *
 * @param argv what follows the program's name
 * @param version what `--version` prints
 * @param readFile reads the configuration file; for tests
 */
export function readCommandLine(
  argv: readonly string[],
  environment: Environment,
  version: string,
  readFile: (path: string) => Givens = readConfigFile,
): CommandLine {
  let output = "";
  const add = (text: string): void => {
    output += text;
  };
  const command = describe(version).configureOutput({ writeOut: add, writeErr: add });
  try {
    command.parse(normalise(argv), { from: "user" });
    const given = command.opts<Record<string, string | undefined>>();
    return { kind: "run", ...choose(given, environment, readFile) };
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return { kind: "exit", code: 0, output };
      return mistake(error.message.replace(/^error: /, "").replace(/\s*\n/g, " "));
    }
    if (error instanceof UsageError) return mistake(error.message);
    throw error;
  }
}

function mistake(message: string): CommandLine {
  return { kind: "exit", code: 2, output: `kvorum: ${message}\n` };
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
        "  kvorum --config-file /etc/kvorum.yml         everything from a file",
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
        "With --config-file (or ETCD_CONFIG_FILE) all other flags and variables are ignored.",
        "One dash is enough (-name n1), and a value may follow an equals sign (--name=n1).",
        "SIGTERM and SIGINT stop the node cleanly; a second one stops it at once. SIGHUP opens log files anew.",
      ].join("\n"),
    );
  command.addOption(new Option(`--${CONFIG_FILE_FLAG} <path>`, "take every setting from this YAML or JSON file"));
  for (const key of SETTING_KEYS) {
    const flag: Flag<unknown> = FLAGS[key];
    const fallback = fallbackText(flag);
    const help = fallback === "none" ? flag.help : `${flag.help} (default: ${fallback})`;
    const option = new Option(`--${flag.name} ${flag.placeholder}`, help);
    if (flag.isHidden) option.hideHelp();
    command.addOption(option.helpGroup(`${flag.group}:`));
    for (const alias of flag.aliases ?? []) command.addOption(new Option(`--${alias} ${flag.placeholder}`).hideHelp());
  }
  for (const name of NOT_CARRIED.keys()) command.addOption(new Option(`--${name} <value>`).hideHelp());
  return command;
}

/** Go's form of a long flag has one dash, and a switch that stands alone is true. */
function normalise(argv: readonly string[]): string[] {
  const normalised: string[] = [];
  let valueFollows = false;
  for (const [position, argument] of argv.entries()) {
    const name: string | undefined = valueFollows ? undefined : flagName(argument);
    const dash = name !== undefined && !argument.startsWith("--") ? "-" : "";
    const bare: ReturnType<typeof form> = name === undefined || argument.includes("=") ? undefined : form(name);
    if (bare === "switch") refuseLooseValue(name as string, argv[position + 1]);
    normalised.push(`${dash}${argument}${bare === "switch" ? "=true" : ""}`);
    valueFollows = bare === "with a value";
  }
  return normalised;
}

/** The name in `-name`, `--name` and `--name=x`; `-h` is Commander's own. */
function flagName(argument: string): string | undefined {
  const name = /^--?([a-z][\w-]*)/i.exec(argument)?.[1];
  return name === "h" ? undefined : name;
}

function form(name: string): "switch" | "with a value" | undefined {
  const key = KEY_BY_FLAG.get(name);
  const flag: { readonly isSwitch?: boolean } | undefined = key === undefined ? NOT_CARRIED.get(name) : FLAGS[key];
  if (flag !== undefined) return flag.isSwitch ? "switch" : "with a value";
  return name === CONFIG_FILE_FLAG ? "with a value" : undefined;
}

/** `--pre-vote false` would mean true and a stray word, as it does for Go; better to say so than to be misunderstood. */
function refuseLooseValue(name: string, next: string | undefined): void {
  if (next === undefined || next.startsWith("-")) return;
  throw new UsageError(`--${name}: write its value behind an equals sign, --${name}=${next}`);
}

type Parsed = Readonly<Record<string, string | undefined>>;

function choose(
  parsed: Parsed,
  environment: Environment,
  readFile: (path: string) => Givens,
): { settings: Settings; warnings: readonly string[] } {
  const flags = fromFlags(parsed);
  const path = parsed[camelCase(CONFIG_FILE_FLAG)] ?? (environment[CONFIG_FILE_VARIABLE] || undefined);
  if (path !== undefined) {
    const file = readFile(path);
    const warnings = [...ignoredBeside(flags, environment), ...warnOfNotCarried(file), ...file.warnings];
    return { settings: settingsOf(file.settings), warnings };
  }
  const variables = readEnvironment(environment);
  const settings = new Map([...variables.settings, ...flags.settings]);
  const warnings = [...variables.warnings, ...warnOfNotCarried(variables), ...warnOfNotCarried(flags)];
  for (const [key, { source }] of flags.settings) {
    const loser = variables.settings.get(key)?.source;
    if (loser !== undefined) warnings.push(`${loser} is set too; ${source} wins`);
  }
  return { settings: settingsOf(settings), warnings };
}

function fromFlags(parsed: Parsed): Givens {
  const settings = new Map<SettingKey, Given>();
  for (const key of SETTING_KEYS) {
    const name = namesOf(key).find((one) => parsed[camelCase(one)] !== undefined);
    if (name !== undefined) settings.set(key, { text: parsed[camelCase(name)] as string, source: `--${name}` });
  }
  const notCarried = [...NOT_CARRIED.values()].flatMap((one) => {
    const text = parsed[camelCase(one.name)];
    return text === undefined ? [] : [{ one, text, source: `--${one.name}` }];
  });
  return { settings, notCarried, warnings: [] };
}

/** One line for all that the file puts out of force. */
function ignoredBeside({ settings, notCarried }: Givens, environment: Environment): readonly string[] {
  const ignored = [
    ...[...settings.values(), ...notCarried].map(({ source }) => source),
    ...variablesOf(environment).filter((name) => name !== CONFIG_FILE_VARIABLE),
  ];
  if (ignored.length === 0) return [];
  return [`the configuration file stands alone, so these have no effect: ${ignored.join(", ")}`];
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
