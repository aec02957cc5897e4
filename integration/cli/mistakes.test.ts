/** What people get wrong: each mistake is told in one clear line on standard error, with an exit code that a script can use. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@kvorum/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../support/etcd.js";
import { startKvorum } from "../support/kvorum.js";
import { temporaryDirectory } from "../support/process.js";
import { type SecureNode, startSecureNode } from "../tls/listeners.js";
import { kvorumctl } from "./in-process.js";

const OPEN = "$OPEN";
const TLS = "$TLS";
const FOLDER = "$FOLDER";

/** The command line, the exit code, and the one line; `$OPEN`, `$TLS` and `$FOLDER` stand for addresses and a directory. */
type Mistake = readonly [line: string, code: number, told: RegExp];

const WORDS: readonly Mistake[] = [
  [
    "gte k",
    1,
    /^unknown command "gte" for "kvorumctl"\n\nDid you mean this\?\n\tget\n\nRun 'kvorumctl --help' for usage\.$/,
  ],
  [
    "lease grnt 5",
    1,
    /^unknown command "grnt" for "kvorumctl lease"\n\nDid you mean this\?\n\tgrant\n\nRun 'kvorumctl lease --help' for usage\.$/,
  ],
  ["help nonsense", 1, /^unknown command "nonsense" for "kvorumctl"\nRun/],
  ["get", 128, /^get command needs one argument as key and an optional argument as range_end$/],
  ["get k --prefx", 1, /^unknown flag: --prefx$/],
  ["get k --rev abc", 1, /^invalid argument "abc" for "--rev" flag: strconv\.ParseInt: parsing "abc": invalid syntax$/],
  ["get k --prefix --from-key", 128, /^`--prefix` and `--from-key` cannot be set at the same time, choose one$/],
  ["get k -w xml", 4, /^unsupported output format$/],
  [
    "get k --command-timeout 5",
    1,
    /^invalid argument "5" for "--command-timeout" flag: time: missing unit in duration "5"$/,
  ],
  ["get k --endpoints", 1, /^flag needs an argument: --endpoints$/],
  [
    "lease revoke zz",
    128,
    /^bad lease ID arg \(strconv\.ParseInt: parsing "zz": invalid syntax\), expecting ID in Hex$/,
  ],
  ["migrate", 128, /^migrate needs --to, the endpoints of the target$/],
  ["completion csh", 128, /^completion needs one of bash, zsh and fish$/],
];

const SERVERS: readonly Mistake[] = [
  [`--endpoints ${OPEN} get k --rev 99`, 1, /^etcdserver: mvcc: required revision is a future revision$/],
  [`--endpoints ${OPEN} put k v --lease 77`, 1, /^etcdserver: requested lease not found$/],
  [`--endpoints ${OPEN} lease revoke 77`, 1, /^failed to revoke lease \(etcdserver: requested lease not found\)$/],
  [
    "--endpoints 127.0.0.1:1 --command-timeout 1s get k",
    1,
    /^cannot reach http:\/\/127\.0\.0\.1:1: connect ECONNREFUSED 127\.0\.0\.1:1$/,
  ],
  ["--endpoints 127.0.0.1:99999 get k", 128, /^bad endpoint "127\.0\.0\.1:99999", expecting host:port$/],
  ["--endpoints htp://x get k", 128, /^endpoint "htp:\/\/x": the scheme must be/],
  [`--endpoints ${OPEN} migrate --to ${OPEN}`, 1, /^source and target are the same cluster/],
];

/** Where the server asks for logins. */
const LOGINS: readonly Mistake[] = [
  [
    `--endpoints ${OPEN} --user root:wrong get k`,
    2,
    /^etcdserver: authentication failed, invalid user ID or password$/,
  ],
  [`--endpoints ${OPEN} role get nobody`, 1, /^etcdserver: user name is empty$/],
];

const SECURE: readonly Mistake[] = [
  [
    `--endpoints https://${OPEN} --command-timeout 1s get k`,
    1,
    /^cannot reach https:\S+: TLS: wrong version number \(does the server speak http:\/\/ there\?\)$/,
  ],
  [
    `--endpoints http://${TLS} --command-timeout 1s get k`,
    1,
    /^cannot reach http:\S+: .* \(does the server want https:\/\/\?\)$/,
  ],
  [
    `--endpoints https://${TLS} --command-timeout 1s get k`,
    1,
    /^cannot reach https:\S+: self-signed certificate in certificate chain \(is --cacert the authority of the server's certificate\?\)$/,
  ],
  [
    `--endpoints https://${TLS} --cacert ${FOLDER}/ca.pem --command-timeout 1s get k`,
    1,
    /^cannot reach https:\S+: .*\(does the server accept the client's certificate, --cert and --key\?\)$/,
  ],
  [`--endpoints https://${TLS} --cacert ${FOLDER}/junk get k`, 128, /^\S+\/junk: no certificate in PEM form$/],
  [`--endpoints https://${TLS} --cert ${FOLDER}/ca.pem get k`, 128, /^KeyFile and CertFile must both be present/],
  [
    `--endpoints https://${TLS} --cert ${FOLDER}/junk --key ${FOLDER}/junk get k`,
    128,
    /^cannot use \S+\/junk and \S+\/junk: no start line$/,
  ],
];

const FILES: readonly Mistake[] = [
  [`snapshot status ${FOLDER}/nothing.db`, 1, /^open \S+\/nothing\.db: no such file or directory$/],
  [
    `snapshot restore ${FOLDER}/junk --data-dir ${FOLDER}/new`,
    1,
    /^\S+\/junk: .*no place where a whole snapshot with its digest ends$/,
  ],
  [
    `snapshot restore ${FOLDER}/junk --data-dir ${FOLDER}`,
    1,
    /^\S+ is not empty \(ca\.pem\): restore into a directory that holds nothing$/,
  ],
  [`--endpoints ${OPEN} snapshot save ${FOLDER}`, 5, /^could not save to \S+: it is a directory$/],
  [
    `--endpoints ${OPEN},${TLS} snapshot save ${FOLDER}/x`,
    5,
    /^snapshot must be requested to one selected node, not multiple/,
  ],
  [`defrag --data-dir ${FOLDER}/new`, 1, /^\S+\/new holds no member's data$/],
];

describe("a mistake is told in one line, with an exit code", () => {
  let open: TestServer;
  let secure: SecureNode;
  let folder: Awaited<ReturnType<typeof temporaryDirectory>>;

  beforeAll(async () => {
    [open, secure, folder] = await Promise.all([startKvorum(), startSecureNode(), temporaryDirectory("mistakes")]);
    await writeFile(join(folder.path, "ca.pem"), secure.authority.ca);
    await writeFile(join(folder.path, "junk"), "junk");
    await using client = createClient({ endpoints: open.endpoint });
    await client.rpc.auth.userAdd({ name: "root", password: "right" });
    await client.rpc.auth.roleAdd({ name: "root" });
    await client.rpc.auth.userGrantRole({ user: "root", role: "root" });
  });
  afterAll(async () => {
    await Promise.all([open?.stop(), secure?.close(), folder?.remove()]);
  });

  const filled = (word: string): string =>
    word
      .replaceAll(OPEN, open.endpoint.replace("http://", ""))
      .replaceAll(TLS, `127.0.0.1:${secure.ports["gRPC and HTTP"]}`)
      .replaceAll(FOLDER, folder.path);

  it.each([...WORDS, ...SERVERS, ...SECURE, ...FILES])("%s", async (line, code, told) => {
    await expectTold(line, code, told);
  });

  it("a name or a password that is wrong or missing, where the server asks for them", async () => {
    await using client = createClient({ endpoints: open.endpoint });
    await client.rpc.auth.authEnable({});
    for (const [line, code, told] of LOGINS) await expectTold(line, code, told);
  });

  async function expectTold(line: string, code: number, told: RegExp): Promise<void> {
    const found = await kvorumctl(line.split(" ").map(filled));
    const { stderr } = found;
    expect({ line, code: found.code, stdout: found.stdout }).toEqual({ line, code, stdout: "" });
    expect(stderr).toMatch(/^Error: .*\n$/s);
    expect(stderr.slice("Error: ".length, -1)).toMatch(told);
  }

  it("a watch and an observer that reach nobody say so, and go on", async () => {
    for (const words of [
      ["watch", "k"],
      ["elect", "-l", "name"],
    ]) {
      const line = ["--endpoints", "127.0.0.1:1", "--command-timeout", "500ms", ...words];
      const { stdout, stderr } = await kvorumctl(line, { signal: AbortSignal.timeout(2_500) });
      expect({ words, stdout }).toEqual({ words, stdout: "" });
      expect(stderr).toMatch(
        /^Warning: cannot reach http:\/\/127\.0\.0\.1:1: connect ECONNREFUSED 127\.0\.0\.1:1; trying on until it is reached\n/,
      );
    }
  });
});
