/** What this node calls itself: its own version, and the level of etcd's API that it speaks. */
import { readFileSync } from "node:fs";

/** Clients and tools of etcd read this as the server's version. */
export const API_VERSION = "3.6.0";

/** Version of this package, from its manifest; the same file lies above the sources and above the build. */
export const KVORUM_VERSION: string = (
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }
).version;

/** What `kvorum --version` prints: etcd's lines, the first of which scripts read, and who it really is. */
export function versionText(): string {
  return [
    `etcd Version: ${API_VERSION}`,
    `Kvorum Version: ${KVORUM_VERSION}`,
    `Node Version: ${process.version}`,
    `Node OS/Arch: ${process.platform}/${process.arch}`,
  ].join("\n");
}
