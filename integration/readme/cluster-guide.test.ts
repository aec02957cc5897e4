/**
 * What the README and the guide say of clusters, done as it is written: the commands for one machine on this one, those for
 * several machines in a network namespace each, with nothing changed but the addresses and the data directories.
 */
import { rename, rm } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { NamespaceNetwork, namespacesMissing } from "../robustness/cluster/namespaces.js";
import { eventually, NotYet } from "../robustness/cluster/rpc.js";
import { missing } from "../robustness/settings.js";
import { type Job, shellBlocks, Terminal } from "./terminal.js";

const GUIDE = "docs/guides/cluster.md";
const TIMEOUT = { timeout: 120_000 };
const ALL_LOCAL = "http://127.0.0.1:12379,http://127.0.0.1:22379,http://127.0.0.1:32379";

const reason = missing("kvorum");
if (reason !== undefined) console.warn(`the cluster commands of the documents are skipped: ${reason}`);
const noMachines = reason ?? namespacesMissing();
if (noMachines !== undefined) console.warn(`the guide's commands for several machines are skipped: ${noMachines}`);

/** Repeats a command that a cluster may refuse while it settles, until what it prints matches. */
function untilDone(terminal: Terminal, command: string, shown = /^/): Promise<string> {
  return eventually(command, 30_000, async () => {
    const output = await terminal.run(command).catch((error: Error) => {
      throw new NotYet(error.message);
    });
    if (!shown.test(output)) throw new NotYet(output);
    return output;
  });
}

describe.skipIf(reason !== undefined)("the commands for three nodes on one machine", () => {
  it("in the README start a cluster that takes a write", TIMEOUT, async () => {
    await using terminal = await Terminal.open();
    const [block = ""] = shellBlocks("README.md", "Running three nodes");
    expect(await terminal.run(block)).toContain("OK\n");
    expect(await terminal.run(`etcdctl --endpoints ${ALL_LOCAL} get greeting --print-value-only`)).toBe("hello\n");
  });

  it("in the guide do so too, each in a terminal of its own", TIMEOUT, async () => {
    await using terminal = await Terminal.open();
    const [first, ...members] = (shellBlocks(GUIDE, "On one machine")[0] ?? "").split("\n\n");
    expect(members.length).toBe(3);
    for (const member of members) await terminal.start(`${first}\n${member}`);
    await untilDone(terminal, `etcdctl --endpoints ${ALL_LOCAL} put greeting hello`);
    expect(await terminal.run(`etcdctl --endpoints ${ALL_LOCAL} endpoint health`)).not.toContain("unhealthy");
  });
});

describe.skipIf(noMachines !== undefined)("the guide's commands for several machines", () => {
  it("start, grow, replace, shrink and move a cluster", TIMEOUT, async () => {
    using network = new NamespaceNetwork();
    await using terminal = await Terminal.open();
    await playGuide(terminal, network);
  });
});

/** The guide from "On three machines" on. */
async function playGuide(terminal: Terminal, network: NamespaceNetwork): Promise<void> {
  const subnet = network.host(0).slice(0, -1);
  const here = (text: string): string => text.replaceAll("10.0.0.", subnet);
  const dataOf = (machine: number): string => `${terminal.directory}/machine-${machine}`;
  const jobs = new Map<number, Job>();
  const startOn = async (machine: number, commands: string): Promise<void> => {
    const placed = here(commands).replaceAll("/var/lib/kvorum", dataOf(machine));
    jobs.set(machine, await terminal.start(placed, network.prefix(machine)));
  };
  const [clients = ""] = shellBlocks(GUIDE, "Clients");
  const [environment = ""] = clients.split("\n");
  const administer = (command: string, shown?: RegExp): Promise<string> =>
    untilDone(terminal, here(`${environment}\n${command}`), shown);
  /** By this member and no other. */
  const serves = (machine: number): Promise<string> =>
    untilDone(terminal, here(`etcdctl --endpoints http://10.0.0.${machine}:2379 get greeting`), /hello/);
  const idOf = async (name: string): Promise<string> => {
    const line = new RegExp(`^(\\w+), started, ${name}, `, "m");
    return line.exec(await administer("etcdctl member list", line))?.[1] ?? "";
  };

  const [begin = ""] = shellBlocks(GUIDE, "On three machines");
  for (const machine of [1, 2, 3]) await startOn(machine, moved(begin, 1, machine));
  await administer(clients, /(, started, n\d, .*){3}/s);
  await administer("etcdctl put greeting hello");

  const [adding = "", learning = ""] = shellBlocks(GUIDE, "Adding a member");
  const [add = "", join = ""] = adding.split("\n\n");
  await administer(add);
  await startOn(4, join);
  await serves(4);

  const [remove = ""] = shellBlocks(GUIDE, "Removing a member");
  await administer(remove.replace("<id>", await idOf("n4")));
  await jobs.get(4)?.ended;
  await startOn(4, join);
  const { code, output } = await (jobs.get(4) as Job).ended;
  expect(output).toContain("was removed from cluster");
  expect(code).toBe(1);

  const [addLearner = "", , promote = ""] = learning.split("\n");
  await rm(dataOf(4), { recursive: true });
  await administer(addLearner);
  await startOn(4, join);
  await administer(promote.replace("<id>", await idOf("n4")));

  const [removeFirst = "", addAgain = ""] = (shellBlocks(GUIDE, "Replacing a member")[0] ?? "").split("\n");
  await jobs.get(3)?.kill();
  await rm(dataOf(3), { recursive: true });
  await administer(removeFirst.replace("<id>", await idOf("n3")));
  await administer(addAgain);
  await startOn(3, moved(join, 4, 3));
  await serves(3);

  const [update = ""] = (shellBlocks(GUIDE, "Moving a member")[0] ?? "").split("\n");
  await administer(update.replace("<id>", await idOf("n4")));
  await jobs.get(4)?.kill();
  await rename(dataOf(4), dataOf(9));
  await startOn(9, join.replaceAll("10.0.0.4", "10.0.0.9"));
  await serves(9);
}

/** One machine's command as it reads on another: its name and its addresses, but for the list of all members. */
function moved(command: string, from: number, to: number): string {
  const lines = command.replace(`--name n${from}`, `--name n${to}`).split("\n");
  return lines
    .map((line) =>
      line.includes("--initial-cluster n1=") ? line : line.replaceAll(`10.0.0.${from}:`, `10.0.0.${to}:`),
    )
    .join("\n");
}
