/** The guide to TLS, done as it is written: certificates by openssl, a node by its flags, etcdctl and curl as its clients. */
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { eventually, NotYet } from "../robustness/cluster/rpc.js";
import { missing } from "../robustness/settings.js";
import { freePort } from "../support/process.js";
import { shellBlocks, Terminal } from "./terminal.js";

const GUIDE = "docs/guides/tls.md";

function commandMissing(): string | undefined {
  for (const [command, version] of [
    ["openssl", "version"],
    ["curl", "--version"],
  ] as const) {
    try {
      execFileSync(command, [version], { stdio: "ignore" });
    } catch {
      return `no ${command} command`;
    }
  }
  return missing("kvorum");
}

const reason = commandMissing();
if (reason !== undefined) console.warn(`the guide to TLS is skipped: ${reason}`);

describe.skipIf(reason !== undefined)("the commands of the guide to TLS", () => {
  it("make certificates, start a node that asks for them, and get in", { timeout: 90_000 }, async () => {
    await using terminal = await Terminal.open();
    const [clients, peers] = [await freePort(), await freePort()];
    const here = (text = ""): string => text.replaceAll(":2379", `:${clients}`).replaceAll(":2380", `:${peers}`);
    await terminal.run(shellBlocks(GUIDE, "Certificates")[0] ?? "");
    const node = await terminal.start(here(shellBlocks(GUIDE, "A node")[0]));
    const asClient = here(shellBlocks(GUIDE, "Clients")[0]);
    const output = await eventually("the node serves", 30_000, async () => {
      const ready = node.output.includes("ready to serve client requests");
      if (!ready) throw new NotYet(node.output);
      return terminal.run(asClient);
    });
    expect(output).toContain("OK\ngreeting\nhello\n");
    expect(output).toContain('{"health":"true"');
    const stranger = here(asClient).replaceAll(/ ETCDCTL_CERT=\S+ ETCDCTL_KEY=\S+/g, "");
    await expect(
      terminal.run(`${stranger.split("etcdctl put")[0]}\netcdctl --dial-timeout 1s --command-timeout 2s get greeting`),
    ).rejects.toThrow();
    expect(node.output).toContain("rejected connection on client endpoint");
  });
});
