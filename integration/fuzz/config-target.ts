/**
 * Settings: flags, variables, files that once were etcd's own sample, and lists of URLs. Each is taken or refused in one line
 * and soon, and the program says the same as the functions it is made of: some of what they refuse is given to it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCommandLine } from "../../packages/server/dist/config/command-line.js";
import { configure } from "../../packages/server/dist/config/config.js";
import { environmentName } from "../../packages/server/dist/config/flag.js";
import { FLAGS, SETTING_KEYS } from "../../packages/server/dist/config/flags.js";
import { UsageError } from "../../packages/server/dist/config/values.js";
import { resolveOptions } from "../../packages/server/dist/options.js";
import { KVORUM } from "../support/kvorum.js";
import type { Chance } from "./chance.js";
import { mutated, mutatedText } from "./mutate.js";
import type { Input, Stage, Target } from "./target.js";

/** Nobody is served yet: this is for what would take forever. In milliseconds on a processor. */
const READ_MS_MAX = 2000;
/** Of what is refused, given to the program as well: each is a process. */
const PROCESS_SHARE = 0.01;
const NAMES = SETTING_KEYS.map((key) => FLAGS[key].name);
const SAMPLE = readFileSync(
  fileURLToPath(new URL("../../packages/server/testdata/etcd-settings.yml", import.meta.url)),
);
const VALUES = [
  ...["", "true", "0", "-1", "1e9", "9007199254740993", "5s", "1h30m", "106751d", "0x10", "١", "null"],
  ...[
    "http://127.0.0.1:1",
    "https://[::1]:1,http://localhost:2",
    "http://127.0.0.1:99999",
    "http://[::1",
    "unix://",
    "http://a:b@c:1/d?e#f",
  ],
  ...[
    "default=http://localhost:2380",
    "a=b=c",
    "=,=,",
    "http://%00:1",
    "http://xn--a:1",
    "jwt,sign-method=none",
    "AllAlpha=maybe",
    "../../x",
    "\0",
  ],
];

class ConfigStage implements Stage {
  readonly nodes = [];
  readonly folder: string = mkdtempSync(join(tmpdir(), "kvorum-fuzz-config-"));

  #files = 0;

  /** Programs that were started read theirs later than the next one is written. */
  newFile(): string {
    return join(this.folder, `${this.#files++}.yml`);
  }

  harmed(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
    return Promise.resolve();
  }
}

export const configTargets: readonly Target<ConfigStage>[] = [
  {
    name: "settings",
    batch: { inputs: 500, lanes: 2 },
    open: () => Promise.resolve(new ConfigStage()),
    make: (chance) => new Settings(settingsOf(chance)),
  },
];

interface Given {
  readonly argv: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly file: Buffer | undefined;
  readonly program: boolean;
}

function settingsOf(chance: Chance): Given {
  const flag = (): string => {
    const text = `--${chance.pick(NAMES)}=${valueFor(chance)}`;
    return chance.chance(0.9) ? text : mutatedText(text, chance);
  };
  const variable = (): [string, string] => [environmentName(chance.pick(NAMES)), valueFor(chance)];
  const argv = Array.from({ length: chance.between(0, 4) }, flag);
  const variables = Object.fromEntries(Array.from({ length: chance.length(3) }, variable));
  return {
    argv,
    variables,
    file: chance.chance(0.4) ? fileOf(chance) : undefined,
    program: chance.chance(PROCESS_SHARE),
  };
}

function valueFor(chance: Chance): string {
  if (chance.chance(0.1)) return Array.from({ length: chance.between(2, 300) }, () => chance.pick(VALUES)).join(",");
  return chance.chance(0.6) ? chance.pick(VALUES) : chance.text();
}

function fileOf(chance: Chance): Buffer {
  const depth = chance.between(1, 20_000);
  return chance.pick<() => Buffer>([
    () => mutated(SAMPLE, chance),
    () => mutated(SAMPLE.subarray(0, chance.between(0, SAMPLE.length)), chance),
    () => Buffer.from(NAMES.map((name) => `${name}: ${valueFor(chance)}`).join("\n")),
    () =>
      Buffer.from(
        JSON.stringify({ [chance.pick(NAMES)]: valueFor(chance), __proto__: { a: 1 }, constructor: chance.text() }),
      ),
    () => Buffer.from(`${"[".repeat(depth)}${"]".repeat(depth)}`),
    () => Buffer.from(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`),
    () =>
      Buffer.from(
        `a: &a [x,x]\n${Array.from({ length: 60 }, (_, i) => `b${i}: &b${i} [*${i === 0 ? "a" : `b${i - 1}`},*a]`).join("\n")}`,
      ),
    () => Buffer.from("- ".repeat(depth)),
    () => chance.bytes(chance.between(0, 400)),
  ])();
}

class Settings implements Input<ConfigStage> {
  readonly #given: Given;

  constructor(given: Given) {
    this.#given = given;
  }

  show(): string {
    const { argv, variables, file } = this.#given;
    return `${JSON.stringify({ argv, variables })}${file === undefined ? "" : ` and the file ${file.toString("base64")}`}`;
  }

  async play(stage: ConfigStage): Promise<string | undefined> {
    const { argv, variables, file, program } = this.#given;
    const path = stage.newFile();
    if (file !== undefined) writeFileSync(path, file);
    const all = file === undefined ? argv : [...argv, `--config-file=${path}`];
    const before = process.cpuUsage();
    const answer = read(all, variables);
    const { user, system } = process.cpuUsage(before);
    const busyMs = (user + system) / 1000;
    if (busyMs > READ_MS_MAX) return `${answer.kind} after ${Math.round(busyMs)} ms`;
    if (answer.kind === "wrong") return answer.text;
    // No program can be given a zero byte.
    const texts = [...all, ...Object.values(variables)];
    if (answer.kind === "taken" || !program || texts.some((text) => text.includes("\0"))) return undefined;
    return asProgram(all, variables, stage.folder);
  }
}

interface Answer {
  readonly kind: "taken" | "refused" | "wrong";
  readonly text: string;
}

function read(argv: readonly string[], variables: Given["variables"]): Answer {
  try {
    const line = readCommandLine(argv, variables, "v");
    if (line.kind === "exit") {
      const good = line.code === 0 || /^kvorum: [^\n]+\n$/.test(line.output);
      return { kind: good ? "refused" : "wrong", text: line.output };
    }
    resolveOptions(configure(line.settings).node);
    return { kind: "taken", text: "" };
  } catch (error) {
    if (error instanceof UsageError && !error.message.includes("\n")) return { kind: "refused", text: error.message };
    return { kind: "wrong", text: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** It must end by itself, with a line and the code of wrong use or none. */
async function asProgram(
  argv: readonly string[],
  variables: Given["variables"],
  folder: string,
): Promise<string | undefined> {
  const child = spawn(process.execPath, [KVORUM, ...argv], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", ...variables },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code === 0) return undefined;
  return code === 2 && /kvorum: [^\n]+\n$/.test(text) ? undefined : `the program ends with ${code} and says ${text}`;
}
