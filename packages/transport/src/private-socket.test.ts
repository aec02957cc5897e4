/** Where an RPC engine's own socket lies, and what is left of it. */
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createNiceServer } from "./nice/server.js";
import { listenPrivately } from "./private-socket.js";

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "kvorum-test-"));
  directories.push(directory);
  return directory;
}

/** Listens, says in which folder, and closes again. */
async function folderUsed(ownFolder?: string): Promise<string> {
  const server = createNiceServer();
  const { address, remove } = await listenPrivately(server, ownFolder);
  const folder = dirname(address.path);
  expect(((await stat(folder)).mode & 0o777).toString(8)).toBe("700");
  await server.close();
  await remove();
  await expect(stat(folder)).rejects.toThrow("ENOENT");
  return folder;
}

describe("a private socket", () => {
  it("lies in a fresh temporary folder that is gone afterwards", async () => {
    expect(await folderUsed()).not.toBe(await folderUsed());
  });

  it("lies in the caller's own folder, in place of what a killed process left there", async () => {
    const own = join(await temporaryDirectory(), "rpc");
    await mkdir(own);
    await writeFile(join(own, "rpc"), "left behind");
    expect(await folderUsed(own)).toBe(own);
  });

  it("lies in a temporary folder when the own one's path is too long for a socket", async () => {
    const parent = await temporaryDirectory();
    expect(await folderUsed(join(parent, "x".repeat(120)))).not.toContain(parent);
    expect(await readdir(parent)).toEqual([]);
  });
});
