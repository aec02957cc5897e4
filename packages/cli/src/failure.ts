/** How a command says that it cannot do what was asked: one line for a person, and etcdctl's exit code for a script. */

/** etcdctl's exit codes. */
export const EXIT = {
  ok: 0,
  /** The server refused, the time ran out, or a flag cannot be read. */
  error: 1,
  badConnection: 2,
  /** What came on standard input makes no sense. */
  invalidInput: 3,
  /** A value or an output format that the command does not know. */
  badFeature: 4,
  interrupted: 5,
  io: 6,
  /** Arguments are missing, too many, or unreadable. */
  badArguments: 128,
} as const;

/** Ends the command: `Error: message` on standard error, and the code. An empty message: all has been said. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly code: number;

  constructor(code: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Arguments that are missing, too many, or unreadable. */
export function badArguments(message: string): CommandFailure {
  return new CommandFailure(EXIT.badArguments, message);
}

/** A value or an output format that the command does not know. */
export function badFeature(message: string): CommandFailure {
  return new CommandFailure(EXIT.badFeature, message);
}
