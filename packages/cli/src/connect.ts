/**
 * From the global flags to a client. What etcdctl does with them: TLS for all endpoints without a scheme as soon as one TLS flag
 * is given or `--insecure-transport=false`; `http://` and `https://` decide for their endpoint alone.
 */
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { type Client, type ClientOptions, createClient, type TlsClientOptions } from "@kvorum/client";
import { badArguments, CommandFailure, EXIT } from "./failure.js";
import { clientLogger } from "./output/log.js";
import { quote } from "./output/quote.js";
import { readPassword } from "./password.js";
import type { Settings } from "./settings.js";
import type { Terminal } from "./terminal.js";

/** Servers disconnect who pings more often; etcdctl raises its own default of 2 s in the same way. */
const PING_MS_MIN = 10_000;

/** What a command may ask of its client beside the flags. */
export type ClientExtras = Pick<ClientOptions, "leasesOnClose" | "rpcMiddleware">;

/**
 * A client for `endpoints`, or for what the flags name.
 *
 * Errors: `CommandFailure` for flags that contradict each other and for files that cannot be read.
 */
export async function connect(
  settings: Settings,
  terminal: Terminal,
  endpoints?: readonly string[],
  extras?: ClientExtras,
): Promise<Client> {
  const tls = await readTls(settings);
  const auth = await readUser(settings, terminal);
  const options: ClientOptions = {
    endpoints: endpoints === undefined ? endpointsOf(settings) : endpoints.map((text) => withScheme(text, settings)),
    timeout: settings["command-timeout"],
    connectTimeout: settings["dial-timeout"],
    keepAlive: {
      interval: Math.max(PING_MS_MIN, settings["keepalive-time"]),
      timeout: settings["keepalive-timeout"],
    },
    // What is asked is what was named on the command line.
    syncMembers: false,
    ...(tls !== undefined && { tls }),
    ...(auth !== undefined && { auth }),
    ...(settings.debug && { logger: clientLogger(terminal) }),
    ...extras,
  };
  try {
    return createClient(options);
  } catch (error) {
    // The client refuses what it is given with a text that names it.
    if (error instanceof TypeError || error instanceof RangeError) throw badArguments(error.message);
    throw error;
  }
}

/** Where the client connects: `--discovery-srv`, unless there are `--endpoints`. */
export function endpointsOf(settings: Settings): string[] {
  const domain = settings["discovery-srv"];
  if (domain === "" || settings.endpointsAreGiven) {
    return settings.endpoints.map((text) => withScheme(text.trim(), settings));
  }
  const service = settings["discovery-srv-name"];
  if (service !== "")
    throw badArguments("--discovery-srv-name is not supported: records are looked up as _etcd-client");
  return [`${settings["insecure-discovery"] && !isSecure(settings) ? "dns+srv" : "dns+srvs"}://${domain}`];
}

function withScheme(endpoint: string, settings: Settings): string {
  if (/^[a-z+]+:\/\/|^unixs?:/.test(endpoint)) return endpoint;
  const url = `${isSecure(settings) ? "https" : "http"}://${endpoint}`;
  if (!URL.canParse(url)) throw badArguments(`bad endpoint ${quote(endpoint)}, expecting host:port`);
  return url;
}

function isSecure(settings: Settings): boolean {
  return !settings["insecure-transport"] || [settings.cacert, settings.cert, settings.key].some((file) => file !== "");
}

async function readTls(settings: Settings): Promise<TlsClientOptions | undefined> {
  const { cacert, cert, key } = settings;
  if ((cert === "") !== (key === "")) {
    throw badArguments(`KeyFile and CertFile must both be present[key: ${key}, cert: ${cert}]`);
  }
  const tls = {
    ...(cacert !== "" && { ca: await readPem(cacert) }),
    ...(cert !== "" && { cert: await readPem(cert), key: await readPem(key) }),
    ...(settings["insecure-skip-tls-verify"] && { insecureSkipVerify: true }),
  };
  checkTls(settings, tls);
  return Object.keys(tls).length === 0 ? undefined : tls;
}

/** What is no PEM is told with the name of its file, before a connection fails for it or for the want of it. */
function checkTls({ cacert, cert, key }: Settings, { ca, ...pair }: PemFiles): void {
  if (ca !== undefined && !ca.toString().includes("-----BEGIN "))
    throw badArguments(`${cacert}: no certificate in PEM form`);
  if (pair.cert === undefined) return;
  try {
    createSecureContext(pair);
  } catch (error) {
    const [, why] = /error:[\dA-F]+:[^:]*:[^:]*:(.*)$/.exec((error as Error).message) ?? [];
    throw badArguments(`cannot use ${cert} and ${key}: ${why ?? (error as Error).message}`);
  }
}

interface PemFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

async function readPem(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "no such file or directory" : (error as Error).message;
    throw new CommandFailure(EXIT.badArguments, `open ${file}: ${why}`, error);
  }
}

async function readUser(
  settings: Settings,
  terminal: Terminal,
): Promise<{ readonly username: string; readonly password: string } | undefined> {
  const { user, password } = settings;
  if (user === "") return undefined;
  if (password !== "") return { username: user, password };
  const colon = user.indexOf(":");
  if (colon >= 0) return { username: user.slice(0, colon), password: user.slice(colon + 1) };
  return { username: user, password: await readPassword(terminal, "Password: ") };
}
