/**
 * Where lines of the log go. Everything is written synchronously, so that the last line before an exit is never lost; a
 * disk that is full or a pipe that is closed costs lines, never the node.
 */
import { isatty } from "node:tty";
import { destination } from "pino";
import { consoleLine } from "./console.js";

const FILE_MODE = 0o600;
/** Bytes that wait for an output that does not take them; what comes then is dropped. */
const WAITING_BYTES_MAX = 1024 * 1024;

/** A file that cannot be written; its message is one line for a person. */
export class LogOutputError extends Error {
  override readonly name = "LogOutputError";
}

export interface OutputsOptions {
  readonly format: "json" | "console";
  /** `stderr`, `stdout` and paths of files. */
  readonly outputs: readonly string[];
  /** Colours for a terminal. Default: unless `NO_COLOR` is set. */
  readonly colours?: boolean | undefined;
}

type Destination = ReturnType<typeof destination>;

interface Output {
  readonly path: string | undefined;
  readonly isColoured: boolean;
  destination: Destination;
}

/** Every line goes to every output. */
export class LogOutputs {
  readonly #outputs: readonly Output[];
  readonly #format: OutputsOptions["format"];

  /** Files are appended to and created with mode 0600. Errors: `LogOutputError`. */
  constructor({ format, outputs, colours = (process.env["NO_COLOR"] ?? "") === "" }: OutputsOptions) {
    this.#format = format;
    this.#outputs = outputs.map((output) => {
      const fileDescriptor = { stdout: 1, stderr: 2 }[output];
      if (fileDescriptor === undefined) return { path: output, isColoured: false, destination: openFile(output) };
      const isColoured = colours && isatty(fileDescriptor);
      return { path: undefined, isColoured, destination: opened(fileDescriptor) };
    });
  }

  get hasFiles(): boolean {
    return this.#outputs.some(({ path }) => path !== undefined);
  }

  /** One line of JSON, with its line break. */
  write(json: string): void {
    for (const output of this.#outputs) {
      output.destination.write(this.#format === "json" ? json : consoleLine(json, output.isColoured));
    }
  }

  /**
   * Opens the files anew, for a program that has moved them away. One that cannot be opened goes on as it was; the messages
   * say which.
   */
  reopen(): readonly string[] {
    const failures: string[] = [];
    for (const output of this.#outputs) {
      if (output.path === undefined) continue;
      const before = output.destination;
      try {
        output.destination = openFile(output.path);
        before.destroy();
      } catch (error) {
        failures.push((error as Error).message);
      }
    }
    return failures;
  }
}

function openFile(path: string): Destination {
  try {
    return opened(path);
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new LogOutputError(`--log-outputs: ${path} cannot be written (${code})`);
  }
}

function opened(dest: string | number): Destination {
  const mode = typeof dest === "string" ? { mode: FILE_MODE, append: true } : {};
  const output = destination({ dest, sync: true, maxLength: WAITING_BYTES_MAX, ...mode });
  // Without a listener an error would end the process.
  output.on("error", () => {});
  return output;
}
