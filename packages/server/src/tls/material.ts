/**
 * The files of a TLS configuration, read again when they have changed. They are looked at before a handshake, at most once
 * a second: time of change, inode and size, through symbolic links, so that a rewrite, a rename and a swapped link (as
 * Kubernetes does it) are all noticed. What cannot be used is told once and changes nothing: the node goes on with what it
 * had, and looks again when the files change again.
 */
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { secureContextOptions, type TlsClientOptions, type TlsServerOptions } from "@kvorum/transport";
import type { Clock, Logger } from "../env.js";
import type { TlsOptions } from "../security-options.js";
import { openSslCiphers } from "./cipher-suites.js";
import { pemBlocks, revocationLists } from "./pem.js";

/** Both sides of what the files say. */
export interface TlsSettings {
  /** Undefined without a certificate: then there are only connections to others. */
  readonly server: TlsServerOptions | undefined;
  readonly client: TlsClientOptions;
}

export interface TlsMaterialOptions {
  /** With the files that `autoTls` has made, if it has. */
  readonly tls: TlsOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What became of files that have changed; for a metric. */
  readonly onReload?: ((result: "reloaded" | "failed") => void) | undefined;
}

/** Milliseconds for which what was seen of the files is believed. */
const LOOK_INTERVAL_MS = 1000;

export class TlsMaterial {
  readonly #options: TlsMaterialOptions;
  readonly #files: readonly string[];
  #settings: TlsSettings;
  #stamps: string;
  #lookedMs: number;
  #looking: Promise<void> | undefined;

  /** Errors: an `Error` that names the file that cannot be read or used. */
  static async open(options: TlsMaterialOptions): Promise<TlsMaterial> {
    const files = filesOf(options.tls);
    const stamps = await stampsOf(files);
    return new TlsMaterial(options, files, stamps, await readSettings(options.tls));
  }

  private constructor(options: TlsMaterialOptions, files: readonly string[], stamps: string, settings: TlsSettings) {
    this.#options = options;
    this.#files = files;
    this.#stamps = stamps;
    this.#settings = settings;
    this.#lookedMs = options.clock.nowMs();
  }

  /** The same object for as long as the files have not changed. Never rejects. */
  async current(): Promise<TlsSettings> {
    if (this.#options.clock.nowMs() - this.#lookedMs >= LOOK_INTERVAL_MS) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
      await this.#looking;
    }
    return this.#settings;
  }

  async #look(): Promise<void> {
    const { tls, clock, logger, onReload } = this.#options;
    // Before the files are read: a change in between is seen as one the next time.
    const stamps = await stampsOf(this.#files);
    this.#lookedMs = clock.nowMs();
    if (stamps === this.#stamps) return;
    this.#stamps = stamps;
    try {
      this.#settings = await readSettings(tls);
      logger.info({ files: this.#files }, "TLS files have changed and are in use");
      onReload?.("reloaded");
    } catch (error) {
      logger.warn(
        { files: this.#files, reason: textOf(error) },
        "TLS files have changed and cannot be used: the old ones stay",
      );
      onReload?.("failed");
    }
  }
}

function filesOf(tls: TlsOptions): readonly string[] {
  const files = [tls.certFile, tls.keyFile, tls.trustedCaFile, tls.crlFile, tls.clientCertFile, tls.clientKeyFile];
  return files.filter((file) => file !== undefined);
}

/** What a file looks like from outside; an error is a look too. */
async function stampsOf(files: readonly string[]): Promise<string> {
  const stamps = files.map(async (file) => {
    try {
      const { mtimeNs, ino, size, dev } = await stat(file, { bigint: true });
      return `${mtimeNs}.${ino}.${size}.${dev}`;
    } catch (error) {
      return String((error as NodeJS.ErrnoException).code);
    }
  });
  return (await Promise.all(stamps)).join(" ");
}

/** Errors: an `Error` that names the file, or the files that do not fit each other. */
async function readSettings(tls: TlsOptions): Promise<TlsSettings> {
  const { trustedCaFile, crlFile, minVersion, maxVersion, cipherSuites = [] } = tls;
  const common = {
    ...(trustedCaFile !== undefined && { ca: await read(trustedCaFile, certificates) }),
    ...(crlFile !== undefined && { crl: await read(crlFile, revocationLists) }),
    ...(minVersion !== undefined && { minVersion }),
    ...(maxVersion !== undefined && { maxVersion }),
    ...(cipherSuites.length > 0 && { ciphers: openSslCiphers(cipherSuites, minVersion) }),
  };
  const served = await readPair(tls.certFile, tls.keyFile);
  const shown = (await readPair(tls.clientCertFile, tls.clientKeyFile)) ?? served;
  // As etcd has it: a trusted CA alone already asks for certificates.
  const requireClientCertificate = tls.clientCertAuth === true || trustedCaFile !== undefined;
  const server = served === undefined ? undefined : { ...common, ...served, requireClientCertificate };
  try {
    if (server !== undefined) createSecureContext(secureContextOptions(server));
  } catch (cause) {
    const files = filesOf(tls).join(", ");
    throw new Error(`the TLS files ${files} cannot be used: ${textOf(cause)}`, { cause });
  }
  return { server, client: { ...common, ...shown } };
}

/** A certificate with its key, checked to be a pair. */
async function readPair(
  certFile: string | undefined,
  keyFile: string | undefined,
): Promise<{ readonly cert: string; readonly key: Uint8Array } | undefined> {
  if (certFile === undefined || keyFile === undefined) return undefined;
  const pair = { cert: await read(certFile, certificates), key: await read(keyFile, (bytes) => bytes) };
  try {
    createSecureContext({ cert: pair.cert, key: Buffer.from(pair.key) });
  } catch (cause) {
    throw new Error(`the certificate ${certFile} and the key ${keyFile} cannot be used: ${textOf(cause)}`, { cause });
  }
  return pair;
}

/** Errors: those of reading and of `parse`, with the file's name in front. */
async function read<T>(file: string, parse: (bytes: Uint8Array) => T): Promise<T> {
  try {
    return parse(await readFile(file));
  } catch (cause) {
    throw new Error(`cannot use ${file}: ${textOf(cause)}`, { cause });
  }
}

function certificates(bytes: Uint8Array): string {
  return pemBlocks(Buffer.from(bytes).toString("latin1"), "CERTIFICATE").join("\n");
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
