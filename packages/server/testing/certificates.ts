/** A certificate authority for tests: good certificates, and every kind of bad one. Nothing of it is kept. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CertificateRevocationList, RevokedCertificate, Time } from "pkijs";
import { pemText } from "../src/tls/pem.js";
import { type CertificateRequest, cryptoEngine, type IssuedCertificate, makeCertificate } from "../src/tls/x509.js";

const HOUR_MS = 3_600_000;

export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate and its key in files, with the authority's beside them. */
export interface CertificatePaths {
  readonly certFile: string;
  readonly keyFile: string;
  readonly trustedCaFile: string;
}

export class TestAuthority {
  readonly #own: IssuedCertificate;
  readonly #revoked: RevokedCertificate[] = [];
  readonly #serials = new Map<string, IssuedCertificate>();

  static async create(commonName = "test authority"): Promise<TestAuthority> {
    return new TestAuthority(await makeCertificate({ subject: { commonName }, isAuthority: true, ...validity() }));
  }

  /** A certificate that nobody but itself vouches for. */
  static async selfSigned(commonName: string): Promise<TestCertificate> {
    const { cert, key } = await makeCertificate({ subject: { commonName }, hosts: ["127.0.0.1"], ...validity() });
    return { cert, key };
  }

  private constructor(own: IssuedCertificate) {
    this.#own = own;
  }

  get ca(): string {
    return this.#own.cert;
  }

  /** By default for this machine's loopback, for servers and clients, valid for an hour. */
  async issue(commonName: string, request: Partial<CertificateRequest> = {}): Promise<TestCertificate> {
    const hosts = ["127.0.0.1", "localhost"];
    const issued = await makeCertificate(
      { subject: { commonName }, hosts, uses: ["server", "client"], ...validity(), ...request },
      this.#own,
    );
    this.#serials.set(issued.cert, issued);
    return { cert: issued.cert, key: issued.key };
  }

  /** One whose time was over an hour ago. */
  expired(commonName: string): Promise<TestCertificate> {
    const nowMs = Date.now();
    return this.issue(commonName, { notBefore: new Date(nowMs - 2 * HOUR_MS), notAfter: new Date(nowMs - HOUR_MS) });
  }

  /** The list of all that were revoked so far, these included. */
  async revoke(...certificates: readonly TestCertificate[]): Promise<string> {
    for (const { cert } of certificates) {
      const issued = this.#serials.get(cert);
      if (issued === undefined) throw new Error("this authority has not issued that certificate");
      const userCertificate = issued.certificate.serialNumber;
      this.#revoked.push(new RevokedCertificate({ userCertificate, revocationDate: timeOf(Date.now()) }));
    }
    const list = new CertificateRevocationList();
    list.version = 1;
    list.issuer = this.#own.certificate.subject;
    list.thisUpdate = timeOf(Date.now() - HOUR_MS);
    list.nextUpdate = timeOf(Date.now() + HOUR_MS);
    if (this.#revoked.length > 0) list.revokedCertificates = [...this.#revoked];
    await list.sign(this.#own.privateKey, "SHA-256", cryptoEngine());
    return pemText("X509 CRL", new Uint8Array(list.toSchema(true).toBER()));
  }

  /** Writes `<name>.crt`, `<name>.key` and `ca.crt` into the directory, which is made. */
  async write(directory: string, name: string, certificate: TestCertificate): Promise<CertificatePaths> {
    await mkdir(directory, { recursive: true });
    const paths = {
      certFile: join(directory, `${name}.crt`),
      keyFile: join(directory, `${name}.key`),
      trustedCaFile: join(directory, "ca.crt"),
    };
    await writeFile(paths.certFile, certificate.cert);
    await writeFile(paths.keyFile, certificate.key);
    await writeFile(paths.trustedCaFile, this.ca);
    return paths;
  }
}

function validity(): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(Date.now() - HOUR_MS), notAfter: new Date(Date.now() + HOUR_MS) };
}

function timeOf(ms: number): Time {
  return new Time({ type: 0, value: new Date(ms) });
}
