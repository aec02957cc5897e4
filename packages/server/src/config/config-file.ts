/**
 * The configuration file, YAML or JSON, with etcd's keys: the names of the flags, those of TLS in folders. Everything is
 * read as text and goes through the readers of the flags, so that a value is allowed here exactly when it is allowed
 * there. Two differences, both etcd's: a bare number for a duration counts nanoseconds, and lists may be lists.
 */
import { readFileSync } from "node:fs";
import { Lexer, Parser, parseDocument } from "yaml";
import { closest } from "./closest.js";
import type { Flag } from "./flag.js";
import { FLAGS, KEY_BY_FLAG, namesOf, SETTING_KEYS, type SettingKey } from "./flags.js";
import type { Given, Givens } from "./given.js";
import { NOT_CARRIED, type NotCarried } from "./not-carried.js";
import { UsageError } from "./values.js";

const FILE_BYTES_MAX = 64 * 1024;
/** Anchors may be used so often; each use copies, and copies of copies grow without end. */
const ALIASES_MAX = 50;
/** Settings have three levels. Of some hundreds a reader fills the stack, where a regular expression aborts the process. */
const LEVELS_MAX = 100;

type Known =
  | { readonly kind: "setting"; readonly key: SettingKey }
  | { readonly kind: "not carried"; readonly one: NotCarried };

/** Every key that means something, folders joined by dots. */
export const FILE_KEYS: ReadonlyMap<string, Known> = new Map<string, Known>([
  ...SETTING_KEYS.flatMap((key) => {
    const [, ...older] = namesOf(key);
    return [fileKeyOf(key), ...older].map((name): [string, Known] => [name, { kind: "setting", key }]);
  }),
  ...[...NOT_CARRIED.values()].map((one): [string, Known] => [one.fileKey ?? one.name, { kind: "not carried", one }]),
]);

/** Key of a setting in the file, folders joined by dots. */
export function fileKeyOf(key: SettingKey): string {
  const flag: Flag<unknown> = FLAGS[key];
  return flag.fileKey ?? flag.name;
}

/** Reads the file at the path. Errors: `UsageError` naming the file and what is wrong with it. */
export function readConfigFile(path: string): Givens {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`--config-file: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  return parseConfigFile(text, path);
}

/** @param path for messages */
export function parseConfigFile(text: string, path: string): Givens {
  const settings = new Map<SettingKey, Given>();
  const notCarried: (Given & { readonly one: NotCarried })[] = [];
  const warnings: string[] = [];
  for (const { key, value } of leaves(parse(text, path), path)) {
    const source = `${key} in ${path}`;
    const known = FILE_KEYS.get(key);
    if (known === undefined) {
      warnings.push(`${source} is not a setting of this version and has no effect${hint(key)}`);
    } else if (value !== undefined && known.kind === "setting") {
      if (!settings.has(known.key))
        settings.set(known.key, { text: asOnTheCommandLine(FLAGS[known.key], value), source });
    } else if (value !== undefined && known.kind === "not carried") {
      notCarried.push({ one: known.one, text: value, source });
    }
  }
  return { settings, notCarried, warnings };
}

/** Maps, lists and texts, however the values look: `1e3` and `off` stay what was written. */
function parse(text: string, path: string): unknown {
  if (text.length > FILE_BYTES_MAX)
    throw new UsageError(`--config-file: ${path} is larger than ${FILE_BYTES_MAX} bytes`);
  if (isDeep(text)) throw new UsageError(`--config-file: ${path} is nested deeper than ${LEVELS_MAX} levels`);
  try {
    const document = parseDocument(text, { schema: "failsafe", stringKeys: true });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    const [reason = ""] = error instanceof Error ? error.message.split("\n") : [String(error)];
    throw new UsageError(`--config-file: ${path} is no YAML or JSON: ${reason.replace(/:$/, "")}`);
  }
}

/** Whether more is open in one another somewhere than is allowed; nothing behind that place is read, which takes no stack. */
function isDeep(text: string): boolean {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > LEVELS_MAX) return true;
  }
  return false;
}

interface Leaf {
  readonly key: string;
  /** Undefined where nothing is given behind the key. */
  readonly value: string | undefined;
}

function leaves(root: unknown, path: string): readonly Leaf[] {
  if (isMap(root)) return [...flatten(root, "", path)];
  if (isNothing(root)) return [];
  throw new UsageError(`--config-file: ${path} has no settings: give keys with values, such as "name: n1"`);
}

function* flatten(map: object, folder: string, path: string): Generator<Leaf> {
  for (const [name, value] of Object.entries(map) as [string, unknown][]) {
    const key = `${folder}${name}`;
    if (isNothing(value)) yield { key, value: undefined };
    else if (typeof value === "string") yield { key, value };
    else if (!FILE_KEYS.has(key)) {
      if (isMap(value) && isFolder(key)) yield* flatten(value, `${key}.`, path);
      else yield { key, value: undefined };
    } else if (isListOfTexts(value)) yield { key, value: value.length === 0 ? undefined : value.join(",") };
    else throw new UsageError(`${key} in ${path}: what stands there is not allowed, give a text or a list of texts`);
  }
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An empty text counts as unset, as it does in the environment. */
function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === "" || value === "~" || value === "null";
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((part) => typeof part === "string");
}

function isFolder(key: string): boolean {
  return [...FILE_KEYS.keys()].some((known) => known.startsWith(`${key}.`));
}

/** YAML 1.1 has more words for yes and no, and etcd's library knows them. */
const WORDS: Readonly<Record<string, string>> = { yes: "true", on: "true", no: "false", off: "false" };

function asOnTheCommandLine(flag: Flag<unknown>, value: string): string {
  if (flag.isDuration && /^\d+$/.test(value)) return `${value}ns`;
  return flag.isSwitch ? (WORDS[value.toLowerCase()] ?? value) : value;
}

/** A flag's name where its key has another place, or what was probably meant. */
function hint(key: string): string {
  const setting = KEY_BY_FLAG.get(key);
  const meant = setting === undefined ? closest(key, FILE_KEYS.keys()) : fileKeyOf(setting);
  return meant === undefined ? "" : ` (did you mean ${meant}?)`;
}
