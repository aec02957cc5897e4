/**
 * All flags of `kvorum` as data: name, reader, default, and the words of the help. Names, defaults and meanings are those
 * of etcd's flags. Flags of etcd that are not here stand in `not-carried.ts`, each with what to do instead.
 */

import { CLUSTER_FLAGS, type ClusterSettings } from "./cluster-flags.js";
import { EDGE_FLAGS, type EdgeSettings } from "./edge-flags.js";
import { environmentName, type Flag, type FlagsOf } from "./flag.js";
import { MEMBER_FLAGS, type MemberSettings } from "./member-flags.js";
import { OPERATION_FLAGS, type OperationSettings } from "./operation-flags.js";
import { TLS_FLAGS, type TlsSettings } from "./tls-flags.js";

/** Every setting as it was given; undefined where nothing was given and the default depends on other settings. */
export interface Settings extends MemberSettings, ClusterSettings, TlsSettings, EdgeSettings, OperationSettings {}

export type SettingKey = keyof Settings;

export const FLAGS: FlagsOf<Settings> = {
  ...MEMBER_FLAGS,
  ...CLUSTER_FLAGS,
  ...TLS_FLAGS,
  ...EDGE_FLAGS,
  ...OPERATION_FLAGS,
};

export const SETTING_KEYS: readonly SettingKey[] = Object.keys(FLAGS) as SettingKey[];

/** Names of a flag, its own first. */
export function namesOf(key: SettingKey): readonly string[] {
  const flag: Flag<unknown> = FLAGS[key];
  return [flag.name, ...(flag.aliases ?? [])];
}

/** Every name of a flag, older ones included → its setting. */
export const KEY_BY_FLAG: ReadonlyMap<string, SettingKey> = new Map(
  SETTING_KEYS.flatMap((key) => namesOf(key).map((name) => [name, key] as const)),
);

/** A setting's flag as it is typed, for messages: `--name`. */
export function flagOf(key: SettingKey): string {
  return `--${FLAGS[key].name}`;
}

/** Where the configuration file is, which is no setting of the node. */
export const CONFIG_FILE_FLAG = "config-file";
export const CONFIG_FILE_VARIABLE: string = environmentName(CONFIG_FILE_FLAG);
