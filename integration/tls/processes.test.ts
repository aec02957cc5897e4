/** Three members as processes, by their flags, with mutual TLS everywhere: one is killed and comes back. */
import { join } from "node:path";
import { createClient } from "@kvorum/client";
import { afterEach, describe, expect, it } from "vitest";
import { TestAuthority } from "../../packages/server/testing/certificates.js";
import { KVORUM } from "../support/kvorum.js";
import { freePort, type RunningProcess, startProcess, temporaryDirectory, untilReady } from "../support/process.js";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

describe("three processes with mutual TLS", () => {
  it("serve, lose a member and take it back", { timeout: 120_000 }, async () => {
    const { path, remove } = await temporaryDirectory("tls-processes");
    cleanup.push(remove);
    const authority = await TestAuthority.create();
    const members: { name: string; clientUrl: string; peerUrl: string }[] = [];
    for (const name of ["n1", "n2", "n3"]) {
      const [clientUrl, peerUrl] = [`https://127.0.0.1:${await freePort()}`, `https://127.0.0.1:${await freePort()}`];
      members.push({ name, clientUrl, peerUrl });
    }
    const start = async ({ name, clientUrl, peerUrl }: (typeof members)[number]): Promise<RunningProcess> => {
      const { certFile, keyFile, trustedCaFile } = await authority.write(path, name, await authority.issue(name));
      const running = await startProcess(process.execPath, [
        ...[KVORUM, "--name", name, "--data-dir", join(path, `${name}.data`)],
        ...["--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl],
        ...["--cert-file", certFile, "--key-file", keyFile, "--client-cert-auth", "--trusted-ca-file", trustedCaFile],
        ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
        ...["--initial-cluster", members.map((member) => `${member.name}=${member.peerUrl}`).join(",")],
        ...["--peer-cert-file", certFile, "--peer-key-file", keyFile],
        ...["--peer-client-cert-auth", "--peer-trusted-ca-file", trustedCaFile, "--peer-cert-allowed-cn", "n1,n2,n3"],
      ]);
      cleanup.push(() => running.stop("SIGKILL"));
      return running;
    };
    const ready = (running: RunningProcess): Promise<void> =>
      untilReady(running, 40_000, async () => running.output().includes("ready to serve client requests"));
    const processes = await Promise.all(members.map(start));
    await Promise.all(processes.map(ready));
    const { cert, key } = await authority.issue("client");
    const client = createClient({
      endpoints: members.map(({ clientUrl }) => clientUrl),
      tls: { ca: authority.ca, cert, key },
    });
    cleanup.push(() => client.close());
    await client.put("key", "first", { timeout: 20_000 });
    const [lost, left] = processes;
    const first = members[0];
    if (lost === undefined || left === undefined || first === undefined) throw new Error("there are no members");
    await lost.stop("SIGKILL");
    // The client does not repeat a put that may have reached the killed member; this one may be.
    await untilReady(left, 40_000, async () => {
      await client.put("key", "second");
      return true;
    });
    await ready(await start(first));
    const alone = createClient({ endpoints: first.clientUrl, tls: { ca: authority.ca, cert, key } });
    cleanup.push(() => alone.close());
    expect((await alone.get("key", { timeout: 20_000 }))?.value).toBe("second");
  });
});
