/** Files that change under a running node: what it takes up, what it refuses, and how often it looks. */
import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CertificatePaths, TestAuthority } from "../../testing/certificates.js";
import { ManualClock } from "../../testing/manual-clock.js";
import type { Logger } from "../env.js";
import type { TlsOptions } from "../security-options.js";
import { TlsMaterial } from "./material.js";

let folder: string;
let authority: TestAuthority;
let paths: CertificatePaths;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kvorum-test-"));
  authority = await TestAuthority.create();
  paths = await authority.write(folder, "server", await authority.issue("one"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function open(tls: TlsOptions = paths) {
  const [clock, lines, results] = [new ManualClock(), [] as string[], [] as string[]];
  const tell = (_fields: object, message: string): void => void lines.push(message);
  const logger: Logger = { debug: () => {}, info: tell, warn: tell, error: tell };
  const material = await TlsMaterial.open({ tls, clock, logger, onReload: (result) => results.push(result) });
  return { clock, material, lines, results };
}

describe("files of TLS", () => {
  it("give the same settings for as long as they stay", async () => {
    const { clock, material, lines } = await open();
    const first = await material.current();
    await clock.advance(5000);
    expect(await material.current()).toBe(first);
    expect(first.server).toMatchObject({ requireClientCertificate: true });
    expect(lines).toEqual([]);
  });

  it("are looked at once a second", async () => {
    const { clock, material, results } = await open();
    const first = await material.current();
    await authority.write(folder, "server", await authority.issue("two"));
    await clock.advance(999);
    expect(await material.current()).toBe(first);
    await clock.advance(1);
    const [second, same] = await Promise.all([material.current(), material.current()]);
    expect(second).not.toBe(first);
    expect(same).toBe(second);
    expect(results).toEqual(["reloaded"]);
  });

  it("are followed through a symbolic link that is swapped, as Kubernetes does it", async () => {
    for (const name of ["one", "two"]) await authority.write(join(folder, name), "tls", await authority.issue(name));
    await symlink("one", join(folder, "..data"));
    const file = (name: string): string => join(folder, "..data", name);
    const { clock, material, results } = await open({ certFile: file("tls.crt"), keyFile: file("tls.key") });
    const first = await material.current();
    await symlink("two", join(folder, "..new"));
    await rename(join(folder, "..new"), join(folder, "..data"));
    await clock.advance(1000);
    const second = await material.current();
    expect(second.server?.cert).not.toEqual(first.server?.cert);
    expect(results).toEqual(["reloaded"]);
  });

  it.each<[string, keyof CertificatePaths, (text: string) => string]>([
    ["a certificate that is half written", "certFile", (text: string) => text.slice(0, 300)],
    ["a certificate that is none", "certFile", () => "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ["an empty key", "keyFile", () => ""],
    ["a CA whose second certificate is half written", "trustedCaFile", (text: string) => text + text.slice(0, 200)],
  ])("stay as they were for %s, which is told once", async (_name, which, spoil) => {
    const { clock, material, lines, results } = await open();
    const first = await material.current();
    const { cert, key } = await authority.issue("two");
    const whole = { certFile: cert, keyFile: key, trustedCaFile: authority.ca }[which];
    await writeFile(paths[which], spoil(whole));
    for (let i = 0; i < 3; i++) {
      await clock.advance(1000);
      expect(await material.current()).toBe(first);
    }
    expect(results).toEqual(["failed"]);
    expect(lines).toEqual(["TLS files have changed and cannot be used: the old ones stay"]);
  });

  it("stay while only one of a pair has changed, and change when the other has", async () => {
    const { clock, material, results } = await open();
    const first = await material.current();
    const { cert, key } = await authority.issue("two");
    await writeFile(paths.certFile, cert);
    await clock.advance(1000);
    expect(await material.current()).toBe(first);
    await writeFile(paths.keyFile, key);
    await clock.advance(1000);
    expect((await material.current()).server?.cert).not.toEqual(first.server?.cert);
    expect(results).toEqual(["failed", "reloaded"]);
  });

  it("stay when they go away, and are used when they come back", async () => {
    const { clock, material, results } = await open();
    const first = await material.current();
    await rm(paths.certFile);
    await clock.advance(1000);
    expect(await material.current()).toBe(first);
    await authority.write(folder, "server", await authority.issue("two"));
    await clock.advance(1000);
    expect(await material.current()).not.toBe(first);
    expect(results).toEqual(["failed", "reloaded"]);
  });

  it("must be there at the start", async () => {
    await expect(open({ ...paths, trustedCaFile: join(folder, "none") })).rejects.toThrow(
      `cannot use ${join(folder, "none")}: ENOENT`,
    );
    const other = await authority.write(folder, "other", await authority.issue("other"));
    await expect(open({ ...paths, keyFile: other.keyFile })).rejects.toThrow(
      `the certificate ${paths.certFile} and the key ${other.keyFile} cannot be used: `,
    );
  });

  it("may hold a revocation list as PEM and as DER", async () => {
    const list = await authority.revoke();
    const der = Buffer.from(list.replace(/-----[^-]+-----/g, ""), "base64");
    const crlFile = join(folder, "list.crl");
    for (const bytes of [list, der]) {
      await writeFile(crlFile, bytes);
      const { material } = await open({ ...paths, crlFile });
      expect((await material.current()).server?.crl).toHaveLength(1);
    }
    await writeFile(crlFile, list.slice(0, 100));
    await expect(open({ ...paths, crlFile })).rejects.toThrow(
      `cannot use ${crlFile}: the 1. block of X509 CRL has no end`,
    );
  });
});
