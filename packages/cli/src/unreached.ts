/** Tells whoever waits that nobody is there to wait for. */
import type { Client } from "@kvorum/client";
import type { Context } from "./command.js";
import { messageOf } from "./errors.js";

/**
 * For commands that wait without a limit, where a wrong address would look like a quiet cluster: says once that nobody answers, and
 * that the command goes on trying. Resolves when a server has answered, or `--command-timeout` is over.
 *
 * Errors: `signal.reason`; those of a server that has answered are left to the call that follows.
 */
export async function tellUnreached({ settings, signal, terminal }: Context, client: Client): Promise<void> {
  try {
    await client.ready({ signal, timeout: settings["command-timeout"] });
  } catch (error) {
    signal.throwIfAborted();
    const { reason } = error as { readonly reason?: unknown };
    if (reason === "transport" || reason === "timeout") {
      terminal.error(`Warning: ${messageOf(error)}; trying on until it is reached\n`);
    }
  }
}
