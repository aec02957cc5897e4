/** What the URL of a listener says: `http`, `https`, `unix` or `unixs`, as etcd writes them. */

/** The name in a URL, without brackets; empty for a unix socket. */
export function hostOf(url: string): string {
  return isUnix(url) ? "" : new URL(url).hostname.replace(/^\[|\]$/g, "");
}

/** Whether the URL asks for TLS. */
export function isSecure(url: string): boolean {
  return url.startsWith("https:") || url.startsWith("unixs:");
}

export function isUnix(url: string): boolean {
  return url.startsWith("unix:") || url.startsWith("unixs:");
}
