/**
 * Writes X.509 certificates: with a key of their own, signed by themselves or by another. Keys are ECDSA on P-256, which
 * every client knows and a handshake is quickest with.
 */
import { randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { BitString, Integer, OctetString, Utf8String } from "asn1js";
import {
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  CryptoEngine,
  Extension,
  ExtKeyUsage,
  GeneralName,
  GeneralNames,
  type RelativeDistinguishedNames,
  Time,
} from "pkijs";
import { pemText } from "./pem.js";

export type KeyUse = "server" | "client";

export interface CertificateRequest {
  /** One of the two, or nothing. */
  readonly subject?: { readonly commonName: string } | { readonly organization: string } | undefined;
  /** DNS names and IP addresses. */
  readonly hosts?: readonly string[] | undefined;
  readonly uses?: readonly KeyUse[] | undefined;
  /** May sign others. Default false. */
  readonly isAuthority?: boolean | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A certificate and what signs with it. */
export interface IssuedCertificate {
  readonly cert: string;
  /** PKCS #8. */
  readonly key: string;
  readonly certificate: Certificate;
  readonly privateKey: webcrypto.CryptoKey;
}

const OID = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  subjectAltName: "2.5.29.17",
  keyUsage: "2.5.29.15",
  basicConstraints: "2.5.29.19",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;
const HASH = "SHA-256";
const SERIAL_BYTES = 16;
/** Bits of the key usage extension, the first one in front. */
const SIGN_AND_ENCIPHER = 0b1010_0000;
const SIGN_CERTIFICATES_AND_LISTS = 0b1000_0110;
/** From here on a time is written with four digits of its year (RFC 5280 §4.1.2.5). */
const GENERALIZED_TIME_YEAR = 2050;

/** What pkijs does its mathematics with. */
export function cryptoEngine(): CryptoEngine {
  return new CryptoEngine({ name: "node", crypto: webcrypto });
}

/** Makes a key and a certificate for it. Without an issuer it signs itself. */
export async function makeCertificate(
  request: CertificateRequest,
  issuer?: IssuedCertificate,
): Promise<IssuedCertificate> {
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const keys = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new Integer({ valueHex: serialNumber() });
  writeName(certificate.subject, request);
  certificate.issuer = issuer === undefined ? certificate.subject : issuer.certificate.subject;
  certificate.notBefore = timeOf(request.notBefore);
  certificate.notAfter = timeOf(request.notAfter);
  certificate.extensions = extensionsOf(request);
  const engine = cryptoEngine();
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey, engine);
  await certificate.sign(issuer?.privateKey ?? keys.privateKey, HASH, engine);
  return {
    cert: pemText("CERTIFICATE", new Uint8Array(certificate.toSchema(true).toBER())),
    key: pemText("PRIVATE KEY", new Uint8Array(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey))),
    certificate,
    privateKey: keys.privateKey,
  };
}

/** RFC 5280 wants it positive. */
function serialNumber(): ArrayBuffer {
  const bytes = Uint8Array.from(randomBytes(SERIAL_BYTES));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return bytes.buffer;
}

function writeName(name: RelativeDistinguishedNames, { subject }: CertificateRequest): void {
  for (const [key, value] of Object.entries(subject ?? {})) {
    const type = key === "commonName" ? OID.commonName : OID.organization;
    name.typesAndValues.push(new AttributeTypeAndValue({ type, value: new Utf8String({ value }) }));
  }
}

function timeOf(date: Date): Time {
  return new Time({ type: date.getUTCFullYear() >= GENERALIZED_TIME_YEAR ? 1 : 0, value: date });
}

function extensionsOf({ hosts = [], uses = [], isAuthority = false }: CertificateRequest): Extension[] {
  const keyUsage = Uint8Array.of(isAuthority ? SIGN_CERTIFICATES_AND_LISTS : SIGN_AND_ENCIPHER);
  const extensions = [
    extension(OID.basicConstraints, new BasicConstraints({ cA: isAuthority }).toSchema().toBER(), true),
    extension(OID.keyUsage, new BitString({ valueHex: keyUsage.buffer, unusedBits: 1 }).toBER(), true),
  ];
  if (uses.length > 0) {
    const keyPurposes = uses.map((use) => (use === "server" ? OID.serverAuth : OID.clientAuth));
    extensions.push(extension(OID.extendedKeyUsage, new ExtKeyUsage({ keyPurposes }).toSchema().toBER()));
  }
  if (hosts.length > 0) {
    const names = new GeneralNames({ names: hosts.map(generalName) });
    extensions.push(extension(OID.subjectAltName, names.toSchema().toBER()));
  }
  return extensions;
}

function extension(extnID: string, extnValue: ArrayBuffer, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue });
}

function generalName(host: string): GeneralName {
  if (isIP(host) === 0) return new GeneralName({ type: 2, value: host });
  const bytes = Uint8Array.from(addressBytes(host));
  return new GeneralName({ type: 7, value: new OctetString({ valueHex: bytes.buffer }) });
}

/** 4 or 16 bytes. */
function addressBytes(address: string): readonly number[] {
  if (isIP(address) === 4) return address.split(".").map(Number);
  // The URL parser writes every address in hexadecimal groups and without a dotted end.
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string): readonly number[] =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}
