/**
 * One process owns a data directory. Node has no `flock`, so two things stand in for it:
 *
 * - an abstract Unix socket named after the directory's device and inode: the kernel frees it when the process ends,
 *   however it ends (Linux; seen only inside one network namespace);
 * - a file `LOCK` that names the holder by process id, boot id and start time, so that a leftover is told from a living
 *   holder, and an error can say who that is. A holder in another process namespace can not be looked up; its file
 *   counts as a leftover, as it mostly is: the container before this one.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { open, readFile, stat, unlink } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import type { DirectoryLock } from "../../env.js";
import { diskError, hasCode } from "./disk-error.js";

const LOCK_FILE = "LOCK";

interface Holder {
  readonly pid: number;
  /** Empty where the system does not say. */
  readonly bootId: string;
  readonly startTime: string;
  readonly namespace: string;
}

/** Rejects with code `EBUSY`, naming the directory and the holder's process id, while another holder lives. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const socket = await bindSocket(directory);
  const path = join(directory, LOCK_FILE);
  try {
    await createLockFile(directory, path);
  } catch (error) {
    await closeSocket(socket);
    throw error;
  }
  let released = false;
  return {
    release: async () => {
      if (released) return;
      released = true;
      await unlink(path);
      await closeSocket(socket);
    },
  };
}

async function bindSocket(directory: string): Promise<Server | undefined> {
  if (process.platform !== "linux") return undefined;
  const { dev, ino } = await stat(directory, { bigint: true });
  const server = createServer((connection) => connection.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ path: `\0kvorum-data-${dev}-${ino}` }, resolve);
    });
  } catch (error) {
    if (!hasCode(error, "EADDRINUSE")) throw error;
    throw inUse(directory, await readHolder(join(directory, LOCK_FILE)));
  }
  // The lock does not keep the process alive.
  server.unref();
  return server;
}

async function createLockFile(directory: string, path: string): Promise<void> {
  for (;;) {
    try {
      const handle = await open(path, "wx", 0o600);
      await handle.writeFile(`${JSON.stringify(identify(process.pid))}\n`);
      await handle.close();
      return;
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    const holder = await readHolder(path);
    if (holder !== undefined && isAlive(holder)) throw inUse(directory, holder);
    await unlink(path).catch((error: unknown) => {
      if (!hasCode(error, "ENOENT")) throw error;
    });
  }
}

function inUse(directory: string, holder: Holder | undefined): Error {
  const who = holder === undefined ? "another process" : `process ${holder.pid}`;
  return diskError("EBUSY", `data directory ${directory} is in use by ${who}`);
}

/** Undefined for a file that is gone, empty or damaged. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const { pid, bootId, startTime, namespace } = JSON.parse(await readFile(path, "utf8")) as Partial<Holder>;
    if (typeof pid !== "number") return undefined;
    return { pid, bootId: bootId ?? "", startTime: startTime ?? "", namespace: namespace ?? "" };
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function isAlive(holder: Holder): boolean {
  const now = identify(holder.pid);
  if (holder.namespace !== now.namespace || holder.bootId !== now.bootId) return false;
  if (process.platform === "linux") return now.startTime !== "" && now.startTime === holder.startTime;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

function identify(pid: number): Holder {
  const bootId = readOr("", () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  const namespace = readOr("", () => readlinkSync("/proc/self/ns/pid"));
  return { pid, bootId, startTime: readOr("", () => startTimeOf(pid)), namespace };
}

/** Field 22 of `/proc/<pid>/stat`, clock ticks since boot; the command before it may hold blanks and brackets. */
function startTimeOf(pid: number): string {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return (
    text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .at(19) ?? ""
  );
}

function readOr(fallback: string, read: () => string): string {
  try {
    return read();
  } catch {
    return fallback;
  }
}

function closeSocket(socket: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (socket === undefined) resolve();
    else socket.close(() => resolve());
  });
}
