#!/usr/bin/env node
/**
 * The `kvorumctl` command. A signal aborts what is going on, so that a lock is released and a watch is cancelled; a second one
 * does not wait.
 */
import { setMaxListeners } from "node:events";
import * as nodeModule from "node:module";
import { constants } from "node:os";
import { SignalReason } from "./errors.js";
import { runProgram } from "./program.js";
import { processTerminal } from "./terminal.js";

// Node 22 and later keep what they have compiled, which is half of the time that a short command takes.
(nodeModule as { readonly enableCompileCache?: () => unknown }).enableCompileCache?.();
// Warnings for programmers, such as one of TLS to an address without a name, are no news for whoever calls a command.
process.noDeprecation = true;

const abort = new AbortController();
// Every call that is under way listens.
setMaxListeners(0, abort.signal);
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => {
    if (abort.signal.aborted) process.exit(128 + constants.signals[name]);
    abort.abort(new SignalReason(name, constants.signals[name]));
  });
}
const code = await runProgram(process.argv.slice(2), {
  environment: process.env,
  terminal: processTerminal(),
  signal: abort.signal,
});
// Standard input may still be open, and nothing that is left could change the answer.
process.exit(code);
