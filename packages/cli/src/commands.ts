/**
 * All commands, in the order of the help. Each line loads its file only when the command is called or asked for its help, so
 * nothing that is imported here may be heavy.
 */
import type { CommandEntry } from "./command.js";

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "get",
    summary: "Gets the key or a range of keys",
    group: "Keys",
    load: async () => (await import("./commands/get.js")).get,
  },
  {
    name: "version",
    summary: "Prints the version of kvorumctl",
    group: "Other",
    load: async () => (await import("./commands/version.js")).version,
  },
];
