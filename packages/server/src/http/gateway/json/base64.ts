/** Base64 of JSON's bytes fields: the standard or the URL-safe alphabet, padded or not (RFC 4648), but nothing beside it. */

const STANDARD = /^[A-Za-z0-9+/]*={0,2}$/;
const URL_SAFE = /^[A-Za-z0-9_-]*={0,2}$/;

/** The bytes, or undefined when the text is no base64. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  if (!STANDARD.test(text) && !URL_SAFE.test(text)) return undefined;
  const padded = text.endsWith("=");
  if (text.length % 4 === 1 || (padded && text.length % 4 !== 0)) return undefined;
  // A copy: node's small buffers share one piece of memory.
  return new Uint8Array(Buffer.from(text, "base64"));
}
