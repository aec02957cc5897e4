/** `--debug`: what the client tells of its connections, watches and leases, one JSON line each on standard error. */
import type { LogFunction, Logger } from "@kvorum/client";
import type { Terminal } from "../terminal.js";

export function clientLogger(terminal: Pick<Terminal, "error">): Logger {
  const at =
    (level: string): LogFunction =>
    (fields, message) => {
      const line = { level, time: new Date().toISOString(), message, ...fields };
      terminal.error(`${JSON.stringify(line, (_, value) => (typeof value === "bigint" ? String(value) : value))}\n`);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
