/** A setting as somebody wrote it, before it is read: the three sources (flags, variables, file) meet in this form. */
import type { Flag } from "./flag.js";
import { FLAGS, SETTING_KEYS, type SettingKey, type Settings } from "./flags.js";
import { judgeNotCarried, type NotCarried } from "./not-carried.js";
import { UsageError, ValueError } from "./values.js";

export interface Given {
  readonly text: string;
  /** The flag, variable or key, for messages. */
  readonly source: string;
}

/** All that one source gives. */
export interface Givens {
  readonly settings: ReadonlyMap<SettingKey, Given>;
  readonly notCarried: readonly (Given & { readonly one: NotCarried })[];
  /** What means nothing here, each as a sentence. */
  readonly warnings: readonly string[];
}

/** Reads what was given and fills in the rest. Errors: `UsageError` naming the source, the value and what is allowed. */
export function settingsOf(given: ReadonlyMap<SettingKey, Given>): Settings {
  const values: Partial<Record<SettingKey, unknown>> = {};
  for (const key of SETTING_KEYS) {
    const flag: Flag<unknown> = FLAGS[key];
    const written = given.get(key);
    values[key] = written === undefined ? flag.fallback : readValue(flag, written);
  }
  return values as Settings;
}

function readValue(flag: Flag<unknown>, { text, source }: Given): unknown {
  try {
    return flag.read(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new UsageError(`${source}: ${JSON.stringify(text)} is not allowed, give ${error.message}`);
  }
}

/** The warnings about settings of etcd that are not there. Errors: `UsageError` for one that must not be left out. */
export function warnOfNotCarried({ notCarried }: Givens): readonly string[] {
  return notCarried.flatMap(({ one, text, source }) => {
    const judged = judgeNotCarried(one, text, source);
    if (judged?.refused) throw new UsageError(judged.message);
    return judged === undefined ? [] : [judged.message];
  });
}
