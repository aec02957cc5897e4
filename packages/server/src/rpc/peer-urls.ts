/** Peer URLs as a member change names them, checked by etcd's rules. */
import { ServerError } from "../core/errors.js";

/**
 * Trimmed and sorted. Errors: `memberBadUrls` for none, for another scheme than http, https, unix or unixs, for an address
 * without a port, and for anything behind it.
 */
export function peerUrlsOf(urls: readonly string[]): readonly string[] {
  const trimmed = urls.map((url) => url.trim());
  if (trimmed.length === 0 || !trimmed.every(isPeerUrl)) throw new ServerError("memberBadUrls");
  return trimmed.sort();
}

function isPeerUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  if (/^unixs?:/.test(url)) return true;
  // The URL class drops a scheme's default port, so that the port is looked for in the text.
  return /^https?:\/\/(\[[^\]]+\]|[^/:?#@]+):\d+$/.test(url);
}
