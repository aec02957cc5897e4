/** Which files a process of Linux has open, by kind: for the message of a soak that finds too many. */
import { readdir, readFile, readlink } from "node:fs/promises";

/**
 * How many of each kind: `tcp at 2379` for a connection that was accepted there, `tcp to 2380` for one that was opened, `unix`,
 * or what the link says with numbers struck out. Undefined where the system does not tell.
 */
export async function openFiles(
  pid: number,
  ownPorts: ReadonlySet<number>,
): Promise<Readonly<Record<string, number>> | undefined> {
  if (process.platform !== "linux") return undefined;
  const directory = `/proc/${pid}/fd`;
  // A file may be closed between the listing and the look.
  const links = await Promise.all(
    (await readdir(directory)).map((fd) => readlink(`${directory}/${fd}`).catch(() => "")),
  );
  const sockets = await socketsOf(pid, ownPorts);
  const kinds: Record<string, number> = {};
  for (const link of links) {
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    const kind = inode === undefined ? link.replaceAll(/\d+/g, "N") : (sockets.get(inode) ?? "socket");
    if (kind !== "") kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

/** By inode; sockets of the whole machine are listed there, the caller takes its own. */
async function socketsOf(pid: number, ownPorts: ReadonlySet<number>): Promise<Map<string, string>> {
  const sockets = new Map<string, string>();
  const table = async (name: string): Promise<string[][]> => {
    const text = await readFile(`/proc/${pid}/net/${name}`, "utf8").catch(() => "");
    return text
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/));
  };
  for (const name of ["tcp", "tcp6"]) {
    for (const [, local, remote, , , , , , , inode] of await table(name)) {
      if (inode === undefined) continue;
      const port = portOf(local);
      sockets.set(inode, ownPorts.has(port) ? `tcp at ${port}` : `tcp to ${portOf(remote)}`);
    }
  }
  for (const [, , , , , , inode] of await table("unix")) if (inode !== undefined) sockets.set(inode, "unix");
  return sockets;
}

/** Of `0100007F:1F90`. */
function portOf(address = ""): number {
  return Number.parseInt(address.slice(address.indexOf(":") + 1), 16);
}
