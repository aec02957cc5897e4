/**
 * `--auto-tls`: a certificate that the node signs itself. It encrypts; who is at the other end it does not prove, since
 * nobody but the node vouches for it. It lies in the data directory, where etcd has it too, and is used again for as long
 * as it is valid.
 */
import { X509Certificate } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { lateImport } from "@kvorum/transport";
import type { Clock, Logger } from "../env.js";
import type { KeyUse } from "./x509.js";

export interface SelfSignedOptions {
  /** `<data directory>/fixtures/client` or `…/peer`: made if it is not there, with mode 0700. */
  readonly directory: string;
  /** Names and addresses that are listened on. */
  readonly hosts: readonly string[];
  readonly uses: readonly KeyUse[];
  readonly validityYears: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

const YEAR_MS = 365 * 24 * 3_600_000;
const ANY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::", ""]);

/** Errors: those of writing into the directory. */
export async function selfSigned(options: SelfSignedOptions): Promise<CertificateFiles> {
  const { directory, hosts, uses, validityYears, clock, logger } = options;
  const files = { certFile: join(directory, "cert.pem"), keyFile: join(directory, "key.pem") };
  const nowMs = clock.wallMs();
  const reason = await whyNotUsable(files, nowMs);
  if (reason === undefined) return files;
  // Loaded only here: most nodes never make a certificate.
  const { makeCertificate } = await lateImport(() => import("./x509.js"));
  const { cert, key } = await makeCertificate({
    // No common name: with authentication on, one would be a user.
    subject: { organization: "kvorum" },
    hosts: namesOf(hosts),
    uses,
    notBefore: new Date(nowMs),
    notAfter: new Date(nowMs + validityYears * YEAR_MS),
  });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  await writeWhole(files.keyFile, key);
  await writeWhole(files.certFile, cert);
  logger.info({ ...files, hosts: namesOf(hosts), reason }, "made a self-signed certificate");
  return files;
}

/** Undefined when the files hold a certificate that is valid now, and its key. */
async function whyNotUsable({ certFile, keyFile }: CertificateFiles, nowMs: number): Promise<string | undefined> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    createSecureContext({ cert, key });
    return Date.parse(new X509Certificate(cert).validTo) > nowMs ? undefined : "the one that was there has expired";
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    return isMissing ? "there was none" : `the one that was there cannot be used: ${(error as Error).message}`;
  }
}

/** An address that stands for all of them names none: then those by which this machine is known. */
function namesOf(hosts: readonly string[]): readonly string[] {
  const names = hosts.flatMap((host) =>
    ANY_ADDRESS.has(host) ? ["localhost", "127.0.0.1", "::1", hostname()] : [host],
  );
  return [...new Set(names)];
}

/** Never half there, and never readable for others. */
async function writeWhole(file: string, text: string): Promise<void> {
  const unfinished = `${file}.new`;
  await writeFile(unfinished, text, { mode: 0o600 });
  await chmod(unfinished, 0o600);
  await rename(unfinished, file);
}
