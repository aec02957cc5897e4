/** Certificates that a node signs itself: what they say, where they lie, and how long they are used. */
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock, Logger } from "../env.js";
import { SystemClock } from "../io/clock.js";
import { type SelfSignedOptions, selfSigned } from "./self-signed.js";

const YEAR_MS = 365 * 24 * 3_600_000;
const logger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

let folder: string;
let shiftMs: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kvorum-test-"));
  shiftMs = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function make(options: Partial<SelfSignedOptions> = {}): Promise<X509Certificate> {
  const clock: Clock = Object.assign(new SystemClock(), { wallMs: () => Date.now() + shiftMs });
  const files = await selfSigned({
    ...{ directory: join(folder, "fixtures", "client"), hosts: ["127.0.0.1", "a.test"], uses: ["server"] },
    ...{ validityYears: 1, clock, logger },
    ...options,
  });
  return new X509Certificate(await readFile(files.certFile));
}

describe("a self-signed certificate", () => {
  it("names the hosts and lasts for as long as it should", async () => {
    const certificate = await make({ validityYears: 3 });
    expect(certificate.subjectAltName).toBe("IP Address:127.0.0.1, DNS:a.test");
    const lastsMs = Date.parse(certificate.validTo) - Date.parse(certificate.validFrom);
    expect(lastsMs).toBe(3 * YEAR_MS);
  });

  it("names what this machine is called where every address is listened on", async () => {
    const { subjectAltName } = await make({ hosts: ["0.0.0.0"] });
    expect(subjectAltName).toBe(`DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:${hostname()}`);
  });

  it("is readable for its owner alone", async () => {
    await make();
    const mode = async (path: string): Promise<number> => (await stat(join(folder, "fixtures", path))).mode & 0o777;
    expect([await mode("."), await mode("client")]).toEqual([0o700, 0o700]);
    expect([await mode("client/cert.pem"), await mode("client/key.pem")]).toEqual([0o600, 0o600]);
  });

  it("is used again, until it has expired", async () => {
    const first = await make();
    expect((await make()).fingerprint256).toBe(first.fingerprint256);
    shiftMs = YEAR_MS - 60_000;
    expect((await make()).fingerprint256).toBe(first.fingerprint256);
    shiftMs = YEAR_MS + 60_000;
    expect((await make()).fingerprint256).not.toBe(first.fingerprint256);
  });

  it("is made anew where what lies there cannot be used", async () => {
    const first = await make();
    await writeFile(join(folder, "fixtures/client/key.pem"), "half a key");
    const second = await make();
    expect(second.fingerprint256).not.toBe(first.fingerprint256);
    expect((await make()).fingerprint256).toBe(second.fingerprint256);
  });
});
