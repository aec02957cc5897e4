/**
 * Certificates change while a node serves: new connections see the new ones, old connections and calls go on, and what is
 * half written changes nothing.
 */
import { once } from "node:events";
import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "node:tls";
import { createClient } from "@kvorum/client";
import { startNode } from "@kvorum/server";
import { afterEach, describe, expect, it } from "vitest";
import { TestAuthority, type TestCertificate } from "../../packages/server/testing/certificates.js";
import { temporaryDirectory } from "../support/process.js";
import { knock } from "./listeners.js";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

/** What a node believes of its files for a second may be a second old. */
const LATER_MS = 1100;

interface Started {
  readonly authority: TestAuthority;
  readonly folder: string;
  readonly port: number;
  readonly client: { readonly ca: string } & TestCertificate;
  readonly warnings: string[];
}

async function start(
  extra: (folder: string, authority: TestAuthority) => Promise<object> = async () => ({}),
): Promise<Started> {
  const { path: folder, remove } = await temporaryDirectory("rotation");
  cleanup.push(remove);
  const authority = await TestAuthority.create();
  const paths = await authority.write(join(folder, "tls"), "server", await authority.issue("first"));
  const warnings: string[] = [];
  const node = await startNode({
    listenClientUrls: ["https://127.0.0.1:0"],
    clientTls: { ...paths, ...(await extra(folder, authority)) },
    logger: {
      debug() {},
      info() {},
      warn: (_fields, message) => void (/TLS|rejected/.test(message) && warnings.push(message)),
      error() {},
    },
  });
  cleanup.push(() => node.close());
  const client = { ca: authority.ca, ...(await authority.issue("client")) };
  return { authority, folder, port: Number(new URL(node.endpoints[0] ?? "").port), client, warnings };
}

/** The name in the certificate that the port shows now. */
async function shown({ port, client }: Started): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, ...client });
  await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  const name = socket.getPeerCertificate().subject.CN;
  socket.on("error", () => {}).destroy();
  return String(name);
}

/** The node's own numbers, asked for by HTTP. */
async function metrics({ port, client }: Started): Promise<string> {
  const { ca, cert, key } = client;
  const call = request({ host: "127.0.0.1", port, path: "/metrics", ca, cert, key, agent: false }).end();
  const [response] = await once(call, "response");
  return text(response);
}

/** Puts until told to stop; answers how many. Any error of any call is one of the test. */
function traffic({ port, client }: Started): { stop(): Promise<number> } {
  const { ca, cert, key } = client;
  const kv = createClient({ endpoints: [`https://127.0.0.1:${port}`], tls: { ca, cert, key } });
  let [going, count] = [true, 0];
  const running = (async () => {
    for (; going; count++) await kv.put("key", String(count));
  })();
  running.catch(() => {});
  return {
    stop: async () => {
      going = false;
      await running.finally(() => kv.close());
      return count;
    },
  };
}

describe("certificates that change during traffic", () => {
  it("by being written anew are used by the next connections, and calls go on", async () => {
    const started = await start();
    const { authority, folder } = started;
    const calls = traffic(started);
    for (const name of ["second", "third"]) {
      await authority.write(join(folder, "tls"), "server", await authority.issue(name));
      await pause(LATER_MS);
      expect(await shown(started)).toBe(name);
    }
    expect(await calls.stop()).toBeGreaterThan(20);
    expect(started.warnings).toEqual([]);
  });

  it("by the swap of a symbolic link, as Kubernetes does it, are used too", async () => {
    const started = await start(async (folder, authority) => {
      await authority.write(join(folder, "secret", "..2026_1"), "tls", await authority.issue("first"));
      await symlink("..2026_1", join(folder, "secret", "..data"));
      for (const file of ["tls.crt", "tls.key"]) await symlink(`..data/${file}`, join(folder, "secret", file));
      return { certFile: join(folder, "secret", "tls.crt"), keyFile: join(folder, "secret", "tls.key") };
    });
    const { authority, folder } = started;
    const calls = traffic(started);
    expect(await shown(started)).toBe("first");
    await authority.write(join(folder, "secret", "..2026_2"), "tls", await authority.issue("second"));
    await symlink("..2026_2", join(folder, "secret", "..new"));
    await rename(join(folder, "secret", "..new"), join(folder, "secret", "..data"));
    await pause(LATER_MS);
    expect(await shown(started)).toBe("second");
    expect(await calls.stop()).toBeGreaterThan(10);
    expect(started.warnings).toEqual([]);
  });

  it("and are half written keep the old ones, until they are whole", async () => {
    const started = await start();
    const { authority, folder, client, port } = started;
    const calls = traffic(started);
    const { cert, key } = await authority.issue("second");
    await writeFile(join(folder, "tls", "server.crt"), cert.slice(0, cert.length / 2));
    await pause(LATER_MS);
    expect(await shown(started)).toBe("first");
    await writeFile(join(folder, "tls", "server.crt"), cert);
    await pause(LATER_MS);
    // The key of the old one.
    expect(await shown(started)).toBe("first");
    expect(await knock(port, client)).toBe("in");
    await writeFile(join(folder, "tls", "server.key"), key);
    await pause(LATER_MS);
    expect(await shown(started)).toBe("second");
    expect(await calls.stop()).toBeGreaterThan(20);
    const page = await metrics(started);
    expect(page).toContain('kvorum_tls_reloads_total{side="client",result="failed"} 2\n');
    expect(page).toContain('kvorum_tls_reloads_total{side="client",result="reloaded"} 1\n');
    expect(started.warnings).toEqual(Array(2).fill("TLS files have changed and cannot be used: the old ones stay"));
  });

  it("take trust along: a new CA, and a list with one more revocation", async () => {
    const started = await start(async (folder, authority) => {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "list.crl"), await authority.revoke());
      return { crlFile: join(folder, "list.crl") };
    });
    const { authority, folder, client, port } = started;
    expect(await knock(port, client)).toBe("in");
    await writeFile(join(folder, "list.crl"), await authority.revoke(client));
    await pause(LATER_MS);
    expect(await knock(port, client)).toBe("out");
    expect(await knock(port, { ca: authority.ca, ...(await authority.issue("other")) })).toBe("in");

    const next = await TestAuthority.create("next");
    const stranger = { ca: authority.ca, ...(await next.issue("one")) };
    expect(await knock(port, stranger)).toBe("out");
    // Both for a while, as authorities are changed; each has a list then.
    await writeFile(join(folder, "list.crl"), (await authority.revoke()) + (await next.revoke()));
    await writeFile(join(folder, "tls", "ca.crt"), authority.ca + next.ca);
    await pause(LATER_MS);
    expect(await knock(port, stranger)).toBe("in");
    expect(await knock(port, client)).toBe("out");
  });
});
