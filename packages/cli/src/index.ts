/** `@kvorum/cli`: the command line as a function, for programs that bring a terminal of their own. Start with `program.ts`. */

export type { CommandEntry } from "./command.js";
export { COMMANDS } from "./commands.js";
export { runProgram, type World } from "./program.js";
export type { Terminal } from "./terminal.js";
