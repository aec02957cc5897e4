/** The password of a user that is made or changed: typed twice on a terminal, a line of standard input elsewhere. */
import { badArguments } from "./failure.js";
import { readLine, readPassword } from "./password.js";
import type { Terminal } from "./terminal.js";

/**
 * @param interactive false: reads a line of standard input without a word
 *
 * Errors: `CommandFailure` when nothing is given, or not twice the same.
 */
export async function readNewPassword(terminal: Terminal, user: string, interactive: boolean): Promise<string> {
  if (!interactive || !terminal.stdin.isTTY) {
    if (interactive) terminal.out(`Password of ${user}: `);
    const line = await readLine(terminal);
    if (line === undefined || line === "") throw badArguments("empty password");
    return line;
  }
  const password = await readPassword(terminal, `Password of ${user}: `);
  const again = await readPassword(terminal, `Type password of ${user} again for confirmation: `);
  if (password !== again) throw badArguments("given passwords are different");
  if (password === "") throw badArguments("empty password");
  return password;
}
