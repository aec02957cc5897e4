/**
 * PEM files read strictly. OpenSSL takes what it can read of a file and forgets the rest, so that a file that was half
 * written would count as a smaller one: less trust, or fewer revocations.
 */
import { X509Certificate } from "node:crypto";

/** What a file must hold. */
export type PemLabel = "CERTIFICATE" | "X509 CRL";

/**
 * The blocks with this label, at least one; what stands between blocks is a comment.
 *
 * Errors: an `Error` for a block that does not end, for certificates that cannot be read, and for none at all.
 */
export function pemBlocks(text: string, label: PemLabel): readonly string[] {
  const [begin, end] = [`-----BEGIN ${label}-----`, `-----END ${label}-----`];
  const blocks: string[] = [];
  for (let at = text.indexOf(begin); at !== -1; at = text.indexOf(begin, at + 1)) {
    const to = text.indexOf(end, at);
    if (to === -1) throw new Error(`the ${blocks.length + 1}. block of ${label} has no end`);
    blocks.push(text.slice(at, to + end.length));
  }
  if (blocks.length === 0) throw new Error(`there is no block of ${label} in it`);
  if (label === "CERTIFICATE") for (const block of blocks) readable(block);
  return blocks;
}

/** A revocation list may be DER, as etcd takes it; then the whole file is one list. */
export function revocationLists(bytes: Uint8Array): readonly string[] {
  const text = Buffer.from(bytes).toString("latin1");
  return text.includes("-----BEGIN") || bytes.length === 0 ? pemBlocks(text, "X509 CRL") : [pemText("X509 CRL", bytes)];
}

/** Bytes of DER as PEM. */
export function pemText(label: PemLabel | "PRIVATE KEY", bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

function readable(block: string): void {
  try {
    new X509Certificate(block);
  } catch (cause) {
    throw new Error(`a certificate cannot be read: ${(cause as Error).message}`, { cause });
  }
}
