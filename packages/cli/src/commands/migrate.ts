/** `migrate`: carries a live cluster's keys, leases, users and roles over to another one, etcd or Kvorum, in either direction. */
import { setMaxListeners } from "node:events";
import { readFile } from "node:fs/promises";
import { type Client, prefix as prefixRange } from "@kvorum/client";
import { type Command, type Context, defineCommand } from "../command.js";
import { connect } from "../connect.js";
import { messageOf } from "../errors.js";
import { badArguments, CommandFailure, EXIT } from "../failure.js";
import { duration, onOff, repeatedList, text } from "../flags.js";
import { copyAccess } from "../migrate/access.js";
import { type Extent, Migration, MigrationError, type MigrationResult } from "../migrate/migration.js";
import { TerminalReport } from "../migrate/report.js";
import { Side } from "../migrate/side.js";
import type { Settings } from "../settings.js";

const PATIENCE_MS = 5 * 60_000;
const SIGNAL_LISTENERS_MAX = 100;

export const migrate: Command = defineCommand({
  usage: "[options] --to <list>",
  description:
    "Copies all keys as of one revision, carries over what changes meanwhile, and compares both sides. Without --once and --follow it " +
    "ends when the target has what the source had when the copy was done. Called again after an interruption it goes on where it was. " +
    "Revisions and versions are not kept. The global flags say how to reach the source.",
  flags: {
    from: repeatedList("endpoints of the source (default: --endpoints)", [""]),
    to: repeatedList("endpoints of the target", [""]),
    prefix: text("carry over only keys that start with this"),
    once: onOff("only the copy: nothing is followed, and leases get what is left of them"),
    follow: onOff("go on until Ctrl-C or SIGTERM, then bring the rest over and compare: the moment to cut over"),
    overwrite: onOff("make a target that holds keys equal to the source; deletes what the source does not have"),
    access: onOff("carry users and roles over, where they can be read", { fallback: true }),
    "password-file": text("passwords of users, a line each: user:password", { placeholder: "<file>" }),
    patience: duration("how long a side may not answer before it is given up", PATIENCE_MS),
    "to-cacert": text("--cacert for the target", { placeholder: "<file>" }),
    "to-cert": text("--cert for the target", { placeholder: "<file>" }),
    "to-key": text("--key for the target", { placeholder: "<file>" }),
    "to-user": text("--user for the target"),
    "to-password": text("--password for the target"),
    "to-insecure-transport": onOff("--insecure-transport for the target", { fallback: true }),
    "to-insecure-skip-tls-verify": onOff("--insecure-skip-tls-verify for the target"),
  },
  run: async (context, args, flags) => {
    if (args.length > 0) throw badArguments("migrate command accepts no arguments");
    if (flags.to.join("") === "") throw badArguments("migrate needs --to, the endpoints of the target");
    if (flags.once && flags.follow) throw badArguments("--once and --follow are mutually exclusive");
    const from = flags.from.join("") === "" ? undefined : flags.from;
    const passwords = await readPasswords(flags["password-file"]);
    const target: Settings = {
      ...context.settings,
      ...{ cacert: flags["to-cacert"], cert: flags["to-cert"], key: flags["to-key"] },
      ...{ user: flags["to-user"], password: flags["to-password"] },
      "insecure-transport": flags["to-insecure-transport"],
      "insecure-skip-tls-verify": flags["to-insecure-skip-tls-verify"],
    };
    await using sourceClient = await connect(context.settings, context.terminal, from);
    await using targetClient = await connect(target, context.terminal, flags.to);
    const extent: Extent = flags.once ? "copy" : flags.follow ? "cut-over" : "level";
    const range = { prefix: new TextEncoder().encode(flags.prefix), range: prefixRange(flags.prefix) };
    const job: Job = {
      ...{ context, sourceClient, targetClient, extent, passwords, ...range },
      ...{ overwrite: flags.overwrite, patienceMs: flags.patience, withAccess: flags.access },
    };
    const result = await carryOver(job);
    context.print({
      simple: (out) => {
        out.line(`Both hold the same ${result.keys} keys as of the source's revision ${result.revision}`);
        out.line(`SHA-256 ${result.sha256}`);
        out.line("Revisions are the target's own: watches begin anew there, and compares of revisions need new ones.");
      },
      json: () => ({ revision: result.revision, keys: result.keys, sha256: result.sha256 }),
    });
    return undefined;
  },
});

interface Job {
  readonly context: Context;
  readonly sourceClient: Client;
  readonly targetClient: Client;
  readonly extent: Extent;
  readonly prefix: Uint8Array;
  readonly range: ReturnType<typeof prefixRange>;
  readonly overwrite: boolean;
  readonly patienceMs: number;
  readonly withAccess: boolean;
  readonly passwords: ReadonlyMap<string, string>;
}

async function carryOver(job: Job): Promise<MigrationResult> {
  const { context, sourceClient, targetClient, extent, prefix, range, overwrite, patienceMs } = job;
  const { terminal, settings } = context;
  const ends = new Ends(context.signal, extent === "cut-over");
  // In other formats than the simple one nothing but the result goes to standard output.
  const isQuiet = settings["write-out"] !== "simple";
  const shown = isQuiet ? { ...terminal, isInteractive: false, out: () => undefined } : terminal;
  const report = new TerminalReport(shown, () => ends.following());
  const side = (client: Client, name: string): Side =>
    new Side({
      ...{ client, callMs: settings["command-timeout"], patienceMs, signal: ends.signal },
      onRetry: (error) => {
        report.end();
        terminal.error(`The ${name} does not answer, trying again: ${messageOf(error)}\n`);
      },
    });
  const [source, target] = [side(sourceClient, "source"), side(targetClient, "target")];
  const prepare = (): Promise<void> => (job.withAccess ? carryAccess(job, source, target, report) : Promise.resolve());
  try {
    const migration = new Migration({
      ...{ source, target, range, prefix, extent, overwrite, prepare, report },
      cutOver: ends.cutOver,
    });
    return await migration.run();
  } catch (error) {
    if (error instanceof MigrationError) throw new CommandFailure(EXIT.error, error.message, error);
    throw error;
  } finally {
    report.end();
    ends.close();
  }
}

async function carryAccess(
  { passwords, context }: Job,
  source: Side,
  target: Side,
  report: TerminalReport,
): Promise<void> {
  const result = await copyAccess(source, target, passwords);
  if (result === undefined) {
    report.line("Users and roles cannot be read in the source: they are left out");
    return;
  }
  const { roles, users, withoutPassword } = result;
  if (roles + users > 0) report.line(`Copied: ${users} users, ${roles} roles`);
  if (withoutPassword.length > 0) {
    context.terminal.error(
      `Passwords cannot be read. These users have none yet and cannot log in before user passwd: ${withoutPassword.join(", ")}\n`,
    );
  }
}

/**
 * What a signal of the process means: before changes are followed, and where they are not, the end; while they are, the moment to cut
 * over. A second signal ends the process in any case.
 */
class Ends {
  readonly #process: AbortSignal;
  readonly #abort = new AbortController();
  readonly #cutOver = new AbortController();
  readonly #onAbort: () => void;
  #following = false;

  constructor(process: AbortSignal, isFollowed: boolean) {
    this.#process = process;
    // Both sides, a watch and the leases, each with several calls at once.
    setMaxListeners(SIGNAL_LISTENERS_MAX, this.#abort.signal);
    this.#onAbort = () => {
      if (isFollowed && this.#following) this.#cutOver.abort();
      else this.#abort.abort(process.reason);
    };
    process.addEventListener("abort", this.#onAbort);
    if (process.aborted) this.#onAbort();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get cutOver(): AbortSignal {
    return this.#cutOver.signal;
  }

  following(): void {
    this.#following = true;
  }

  close(): void {
    this.#process.removeEventListener("abort", this.#onAbort);
  }
}

/** `user:password`, a line each. Errors: `CommandFailure` for a file that cannot be read and for a line that is something else. */
async function readPasswords(path: string): Promise<ReadonlyMap<string, string>> {
  if (path === "") return new Map();
  const content = await readFile(path, "utf8").catch((error: Error) => {
    throw new CommandFailure(EXIT.badArguments, `--password-file: ${error.message}`, error);
  });
  const lines = content.split(/\r?\n/).filter((line) => line !== "");
  return new Map(
    lines.map((line, i) => {
      const colon = line.indexOf(":");
      // The line itself may hold a password.
      if (colon < 1) throw badArguments(`--password-file: line ${i + 1} is not user:password`);
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
}
