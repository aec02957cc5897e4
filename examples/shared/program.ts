/**
 * What every example does around its subject: reads `--endpoints` and its own flags, starts a node inside the process where
 * no cluster is named, turns Ctrl-C into an `AbortSignal`, and reports a failure in one line.
 */
import { parseArgs } from "node:util";
import { startNode } from "@kvorum/server";

/** Flags of one example: `--name <value>` with a default. */
export type Flags = Readonly<Record<string, { readonly help: string; readonly default: string }>>;

export interface Program<F extends Flags> {
  readonly name: string;
  /** One sentence for `--help`. */
  readonly about: string;
  readonly flags: F;
}

export interface Context<F extends Flags> {
  /** Addresses of the cluster to talk to. */
  readonly endpoints: readonly string[];
  readonly flags: { readonly [K in keyof F]: string };
  /** Aborts on Ctrl-C and SIGTERM. */
  readonly stop: AbortSignal;
}

/** A mistake of whoever started the program, said in one line. */
export class UsageError extends Error {}

/** Runs the body and sets the exit code: what the body returns (default 0), 1 when it fails, 2 for a wrong command line. */
export async function run<F extends Flags>(
  program: Program<F>,
  body: (context: Context<F>) => Promise<number | undefined>,
): Promise<void> {
  try {
    const { values } = parseArgs({ options: parseOptions(program.flags) });
    if (values["help"] === true) {
      console.log(helpOf(program));
      return;
    }
    await using cluster = await openCluster(values["endpoints"] ?? process.env["ETCD_ENDPOINTS"]);
    const flags = values as { readonly [K in keyof F]: string };
    process.exitCode = (await body({ endpoints: cluster.endpoints, flags, stop: stopSignal() })) ?? 0;
  } catch (error) {
    console.error(`${program.name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = error instanceof UsageError || isParseError(error) ? 2 : 1;
  }
}

/** A flag that must be a whole number. */
export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
}

/** The named cluster, or a node in this process that is gone when the program ends. */
async function openCluster(endpoints: unknown): Promise<AsyncDisposable & { readonly endpoints: readonly string[] }> {
  if (typeof endpoints === "string" && endpoints !== "") {
    return { endpoints: endpoints.split(","), [Symbol.asyncDispose]: async () => undefined };
  }
  return startNode();
}

function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  return stop.signal;
}

function parseOptions(flags: Flags): Record<string, { type: "string" | "boolean"; default?: string }> {
  const own = Object.entries(flags).map(([name, flag]) => [name, { type: "string", default: flag.default }] as const);
  return { help: { type: "boolean" }, endpoints: { type: "string" }, ...Object.fromEntries(own) };
}

function isParseError(error: unknown): boolean {
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

function helpOf({ name, about, flags }: Program<Flags>): string {
  const rows = [
    ["--endpoints <urls>", "the cluster, comma-separated (default: ETCD_ENDPOINTS, else a node in this process)"],
    ...Object.entries(flags).map(([flag, { help, default: value }]) => [
      `--${flag} <value>`,
      `${help} (default ${value})`,
    ]),
  ];
  return [
    about,
    "",
    `Usage: npm run example ${name} -- [flags]`,
    "",
    ...rows.map(([l = "", r]) => `  ${l.padEnd(22)}${r}`),
  ].join("\n");
}
