/** Modules that are loaded while the process is under way, because most processes never need them. */
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(import.meta.url);

/**
 * What `load`, an `import()`, resolves with.
 *
 * Node 20 leaves the links in a module's path as they are when the last file that was looked at synchronously was a pipe or a
 * socket (`realpathSync`, with its cache). What a linked package requires is then not found, and pnpm links packages. So another
 * file is looked at first.
 */
export async function lateImport<T>(load: () => Promise<T>): Promise<T> {
  statSync(HERE, { throwIfNoEntry: false });
  return await load();
}
