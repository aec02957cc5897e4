/** The settings in the environment: `ETCD_` and the flag's name in capitals with `_` for `-`. */
import { environmentName } from "./flag.js";
import { CONFIG_FILE_VARIABLE, namesOf, SETTING_KEYS, type SettingKey } from "./flags.js";
import type { Given, Givens } from "./given.js";
import { NOT_CARRIED_BY_VARIABLE } from "./not-carried.js";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads every variable that is set; an empty one counts as unset, as it does for etcd. */
export function readEnvironment(environment: Environment): Givens {
  const settings = new Map<SettingKey, Given>();
  const known = new Set([CONFIG_FILE_VARIABLE, ...NOT_CARRIED_BY_VARIABLE.keys()]);
  for (const key of SETTING_KEYS) {
    const variables = namesOf(key).map(environmentName);
    for (const variable of variables) known.add(variable);
    const source = variables.find((variable) => isSet(environment, variable));
    if (source !== undefined) settings.set(key, { text: environment[source] ?? "", source });
  }
  const notCarried = [...NOT_CARRIED_BY_VARIABLE].flatMap(([source, one]) =>
    isSet(environment, source) ? [{ one, source, text: environment[source] ?? "" }] : [],
  );
  const unknown = variablesOf(environment).filter((name) => !known.has(name));
  // etcd starts with an unknown variable but says so; one for something important must not vanish silently.
  const warnings = unknown.map((name) => `${name} is not a setting of this version and has no effect`);
  return { settings, notCarried, warnings };
}

/** The names of all `ETCD_` variables that are set. */
export function variablesOf(environment: Environment): readonly string[] {
  return Object.keys(environment).filter((name) => name.startsWith("ETCD_") && isSet(environment, name));
}

function isSet(environment: Environment, name: string): boolean {
  return (environment[name] ?? "") !== "";
}
