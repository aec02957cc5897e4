/**
 * Every subcommand that etcdctl 3.4 has, on Kvorum and on etcd: in the open, with certificates, and as root. What it prints is
 * compared. The list comes from etcdctl's own help, so that none can be forgotten.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdMissing } from "../support/etcd.js";
import { type CommandResult, etcdctl, etcdctlMissing, startEtcdctl } from "../support/etcdctl.js";
import { temporaryDirectory } from "../support/process.js";
import { asRoot, inTheOpen, type Product, type Setting, withCertificates } from "./settings.js";
import { COMMANDS, ELSEWHERE, SWITCHING, subcommandOf, type Typed } from "./subcommands.js";

const missing = etcdctlMissing() ?? etcdMissing();
if (missing !== undefined) console.warn(`subcommands of etcdctl are skipped: ${missing}`);

/** One server as etcdctl sees it, with what its commands have printed so far. */
class Desk {
  readonly setting: Setting;
  readonly #filled: Map<string, string>;

  constructor(setting: Setting, filled: Readonly<Record<string, string>>) {
    this.setting = setting;
    this.#filled = new Map(Object.entries(filled));
  }

  async run({ args, input, until }: Typed): Promise<string> {
    if (args.includes("{rev}")) this.#filled.set("rev", await this.#revision());
    const line = this.#fill(args).split(" ");
    if (until !== undefined) return this.#runUntil(line, until);
    const { code, stdout, stderr } = await this.#etcdctl(line, input);
    const lease = /lease (\w{15,16}) granted/.exec(stdout)?.[1];
    if (lease !== undefined) this.#filled.set("lease", lease);
    const member = /Member\s+(\w{12,16}) added/.exec(stdout)?.[1];
    if (member !== undefined) this.#filled.set("member", member);
    return `${plain(stdout)}${plain(stderr)}exit ${code}`;
  }

  #etcdctl(line: readonly string[], input?: string): Promise<CommandResult> {
    return etcdctl(this.setting.endpoint, [...this.setting.flags, ...line], input);
  }

  async #revision(): Promise<string> {
    const { stdout } = await this.#etcdctl(["get", "nothing", "-w", "json"]);
    return String((JSON.parse(stdout) as { header: { revision: number } }).header.revision);
  }

  /** Up to the text; what may follow it is not waited for. */
  async #runUntil(line: readonly string[], until: string): Promise<string> {
    const running = await startEtcdctl(this.setting.endpoint, [...this.setting.flags, ...line]);
    try {
      if (line[0] === "make-mirror") return await this.#mirrored();
      await expect.poll(() => running.output(), { timeout: 15_000 }).toContain(until);
      return `printed ${until}`;
    } finally {
      await running.stop("SIGINT");
    }
  }

  /** It prints a count every half minute: its effect is looked at instead. */
  async #mirrored(): Promise<string> {
    const destination = this.#fill("{destination}");
    const read = async () => (await etcdctl(destination, ["get", this.#fill("{mirror}"), "--prefix"])).stdout;
    await expect.poll(read, { timeout: 15_000 }).not.toBe("");
    return plain(await read()).replaceAll(this.#fill("{mirror}"), "{mirror}");
  }

  #fill(text: string): string {
    return text.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = this.#filled.get(name);
      if (value === undefined) throw new Error(`nothing is known of {${name}} yet`);
      return value;
    });
  }
}

/** Takes out what differs between any two servers. */
function plain(text: string): string {
  return text
    .replace(/\/tmp\/\S*/g, "{file}")
    .replace(/(127\.0\.0\.1|localhost):\d+/g, "{address}")
    .replace(/took = [\d.]+\S*s/g, "took {time}")
    .replace(/"(cluster_id|member_id|raft_term|revision|create_revision|mod_revision)":\d+/g, '"$1":0')
    .replace(/(compacted revision )\d+/g, "$1{revision}")
    .replace(/ +\b[0-9a-f]{12,16}\b/g, " {id}")
    .replace(/\b[0-9a-f]{12,16}\b/g, "{id}")
    .replace(/"logger":"[^"]*"|"ts":"[^"]*"|"caller":"[^"]*"|"target":"[^"]*"/g, "");
}

/** Words without figures, where only the form is to be the same; the exit code stays. */
function formOf(text: string): string {
  const [, words = "", exit = ""] = /^(.*)(exit -?\d+)$/s.exec(text) ?? [];
  return words.replace(/\{"level":"\w+".*\}\n/g, "").replace(/\{id\}|\d+(\.\d+)*(\s?[kMG]?B\b)?/g, "#") + exit;
}

async function opened(): Promise<AsyncDisposable & { readonly endpoint: string; readonly folder: string }> {
  const [{ endpoint, stop }, { path, remove }] = [await inTheOpen("kvorum"), await temporaryDirectory("etcdctl")];
  const close = async (): Promise<void> => {
    await stop();
    await remove();
  };
  return { endpoint, folder: path, [Symbol.asyncDispose]: close };
}

function subcommands(): string[] {
  const help = execFileSync(process.env["ETCDCTL_BIN"] ?? "etcdctl", ["--help"], {
    encoding: "utf8",
    env: { ...process.env, ETCDCTL_API: "3" },
  });
  const list = help.slice(help.indexOf("COMMANDS:"), help.indexOf("OPTIONS:"));
  return [...list.matchAll(/^\t(\S+(?: \S+)?)\t/gm)].map(([, name = ""]) => name);
}

function compare(title: string, start: (product: Product) => Promise<Setting>, commands: readonly Typed[]): void {
  describe.skipIf(missing !== undefined)(`etcdctl ${title}`, () => {
    let desks: readonly Desk[] = [];
    const closers: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      const destination = await inTheOpen("kvorum");
      closers.push(() => destination.stop());
      const open = async (product: Product): Promise<Desk> => {
        const setting = await start(product);
        const { path, remove } = await temporaryDirectory("etcdctl");
        closers.push(() => setting.stop(), remove);
        return new Desk(setting, { dir: path, destination: destination.endpoint, mirror: `from-${product}/` });
      };
      desks = [await open("etcd"), await open("kvorum")];
    });
    afterAll(async () => {
      for (const close of closers) await close();
    });

    for (const [number, command] of commands.entries()) {
      it(`${number + 1}: ${command.args}`, async () => {
        const outputs = await Promise.all(desks.map((desk) => desk.run(command)));
        const [theirs, ours] = command.form === undefined ? outputs : outputs.map(formOf);
        expect(ours).toBe(theirs);
      });
    }
  });
}

compare("in the open", inTheOpen, [...COMMANDS, ...SWITCHING]);
compare("with certificates", withCertificates, [...COMMANDS, ...SWITCHING]);
compare("as root", asRoot, COMMANDS);

describe.skipIf(missing !== undefined)("subcommands of etcdctl", () => {
  it("write and delete ten thousand keys for check datascale", { timeout: 120_000 }, async () => {
    await using kvorum = await opened();
    const { code, stdout, stderr } = await etcdctl(kvorum.endpoint, ["check", "datascale", "--load=s"]);
    expect(stdout + stderr).toContain("PASS: Approximate system memory used");
    expect(code).toBe(0);
    expect((await etcdctl(kvorum.endpoint, ["get", "/etcdctl-check-datascale/", "--prefix"])).stdout).toBe("");
  });

  it("do not read a snapshot of Kvorum, whose file has a format of its own", async () => {
    await using kvorum = await opened();
    const file = join(kvorum.folder, "saved");
    expect((await etcdctl(kvorum.endpoint, ["snapshot", "save", file])).code).toBe(0);
    for (const line of [
      `snapshot status ${file}`,
      `snapshot restore ${file} --data-dir ${join(kvorum.folder, "new")}`,
    ]) {
      expect((await etcdctl(kvorum.endpoint, line.split(" "))).code, line).not.toBe(0);
    }
  });

  it("are all typed above, or told why not", () => {
    const all = subcommands();
    expect(all.length).toBeGreaterThan(50);
    const here = new Set([...COMMANDS, ...SWITCHING].map(({ args }) => subcommandOf(args, all)));
    expect(all.filter((name) => !here.has(name) && ELSEWHERE[name] === undefined)).toEqual([]);
    expect(Object.keys(ELSEWHERE).filter((name) => here.has(name) || !all.includes(name))).toEqual([]);
  });
});
