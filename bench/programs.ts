/** Runs one of our own programs with some JSON and reads the JSON it prints. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * `path` is that of the built program, from here; `environment` is added to ours. Errors: `Error` with what the program said.
 */
export function runProgram<T>(path: string, work: unknown, environment: NodeJS.ProcessEnv = {}): Promise<T> {
  const file = fileURLToPath(new URL(path, import.meta.url));
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [file, JSON.stringify(work)],
      { env: { ...process.env, ...environment } },
      (error, stdout, stderr) => {
        if (error === null) resolve(JSON.parse(stdout) as T);
        else reject(new Error(`${path}: ${stderr}`, { cause: error }));
      },
    );
  });
}
