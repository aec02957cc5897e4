/** The configuration file, from text to configuration. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readCommandLine } from "./command-line.js";
import { type Config, configure } from "./config.js";
import { parseConfigFile } from "./config-file.js";
import { settingsOf, warnOfNotCarried } from "./given.js";
import { UsageError } from "./values.js";

const directory = mkdtempSync(join(tmpdir(), "kvorum-test-"));
afterAll(() => rmSync(directory, { recursive: true }));

function config(text: string): Config {
  return configure(settingsOf(parseConfigFile(text, "k.yml").settings)).node;
}

function warnings(text: string): readonly string[] {
  const file = parseConfigFile(text, "k.yml");
  return [...warnOfNotCarried(file), ...file.warnings];
}

function mistake(text: string): string {
  try {
    warnings(text);
    config(text);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error("no mistake was found");
}

describe("the configuration file", () => {
  it("has the flags' names for keys, and folders for TLS", () => {
    const text = `
name: n1 # a comment
data-dir: /var/lib/kvorum
listen-client-urls: https://127.0.0.1:2379, https://[::1]:2379
advertise-client-urls: https://n1.example.test:2379
client-transport-security:
  cert-file: /a.pem
  key-file: /a.key
  trusted-ca-file: /ca.pem
  client-cert-auth: true
peer-transport-security:
  auto-tls: true
  allowed-cn: m1,m2
cipher-suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]
log-outputs: [stdout, /var/log/kvorum.log]
`;
    expect(config(text)).toMatchObject({
      name: "n1",
      dataDir: "/var/lib/kvorum",
      listenClientUrls: ["https://127.0.0.1:2379", "https://[::1]:2379"],
      clientTls: {
        certFile: "/a.pem",
        keyFile: "/a.key",
        trustedCaFile: "/ca.pem",
        clientCertAuth: true,
        autoTls: false,
      },
      peerTls: { autoTls: true, allowedCommonNames: ["m1", "m2"] },
    });
    expect(config(text).clientTls?.cipherSuites).toHaveLength(2);
    expect(settingsOf(parseConfigFile(text, "k.yml").settings).logOutputs).toEqual(["stdout", "/var/log/kvorum.log"]);
    expect(warnings(text)).toEqual([]);
  });

  it("may be JSON, with tabs", () => {
    const text = JSON.stringify(
      { name: "j", "max-txn-ops": 7, "pre-vote": false, "listen-metrics-urls": "http://127.0.0.1:1", "wal-dir": null },
      undefined,
      "\t",
    );
    expect(config(text)).toMatchObject({
      name: "j",
      maxTxnOps: 7,
      preVote: false,
      walDir: undefined,
      http: { listenMetricsUrls: ["http://127.0.0.1:1"] },
    });
  });

  it("counts nanoseconds where a duration is a bare number, and takes Go's form too", () => {
    expect(
      config("grpc-keepalive-min-time: 7000000000\ngrpc-keepalive-interval: 90m\ngrpc-keepalive-timeout: '3s'"),
    ).toMatchObject({
      keepAlive: { minTimeMs: 7000, intervalMs: 5_400_000, timeoutMs: 3000 },
    });
    expect(config("heartbeat-interval: 200\nelection-timeout: 2000")).toMatchObject({
      heartbeatMs: 200,
      electionMs: 2000,
    });
    expect(mistake("warning-apply-duration: 1.5")).toContain("a duration with units");
  });

  it("refuses a duration that no timer can wait for, which would be none at all", () => {
    expect(mistake('{"grpc-keepalive-interval":"9007199254740993"}')).toContain("a duration of at most 24 days");
    expect(mistake("watch-progress-notify-interval: 597h")).toContain("a duration of at most 24 days");
    expect(config("grpc-keepalive-interval: 596h").keepAlive).toMatchObject({ intervalMs: 596 * 3_600_000 });
  });

  it("leaves a value as it was written", () => {
    expect(config("name: 007").name).toBe("007");
    expect(config("name: 1e3").name).toBe("1e3");
    expect(config("name: true").name).toBe("true");
    expect(config("initial-cluster-token: 2026-01-01").clusterToken).toBe("2026-01-01");
    expect(config("auto-compaction-retention: 5m").autoCompaction).toEqual({ mode: "periodic", retentionMs: 300_000 });
  });

  it("knows the words of YAML 1.1 for yes and no, as etcd does", () => {
    expect(config("pre-vote: no\nforce-new-cluster: on").preVote).toBe(false);
    expect(warnings("proxy: off")).toEqual([]);
  });

  it("names the key, the file, the value and what is allowed", () => {
    expect(mistake("heartbeat-interval: soon")).toBe(
      'heartbeat-interval in k.yml: "soon" is not allowed, give a whole number from 1 to 50000',
    );
    expect(mistake("client-transport-security:\n  client-cert-auth: maybe")).toBe(
      'client-transport-security.client-cert-auth in k.yml: "maybe" is not allowed, give true or false',
    );
    expect(mistake("name: {a: b}")).toBe(
      "name in k.yml: what stands there is not allowed, give a text or a list of texts",
    );
    expect(mistake("log-outputs: [[a]]")).toContain("log-outputs in k.yml: what stands there is not allowed");
  });

  it("warns of keys that mean nothing, with the one that was meant", () => {
    expect(warnings("nmae: x\ncert-file: /x\nsomething-else: 1\nclient-transport-security: {cert-fil: /x}")).toEqual([
      "nmae in k.yml is not a setting of this version and has no effect (did you mean name?)",
      "cert-file in k.yml is not a setting of this version and has no effect (did you mean client-transport-security.cert-file?)",
      "something-else in k.yml is not a setting of this version and has no effect",
      "client-transport-security.cert-fil in k.yml is not a setting of this version and has no effect (did you mean client-transport-security.cert-file?)",
    ]);
  });

  it("refuses what etcd has and this has not", () => {
    expect(mistake("discovery-config: {token: t, client: {endpoints: [a]}}")).toMatch(
      /^discovery-config\.(token|client\.endpoints) in k\.yml is a setting of etcd that Kvorum does not have/,
    );
    expect(warnings("max-wals: 9")).toEqual([
      expect.stringContaining("max-wals in k.yml is a setting of etcd that has no"),
    ]);
  });

  it("of etcd, with all the keys that its sample has, is taken without a warning", () => {
    const text = readFileSync(new URL("../../testdata/etcd-settings.yml", import.meta.url), "utf8");
    expect(warnings(text)).toEqual([]);
    expect(config(text)).toMatchObject({ name: "default", strictReconfigCheck: false, http: { debug: true } });
  });

  it("may be empty", () => {
    for (const text of ["", "# nothing\n", "{}", "---\n"]) expect(config(text).name).toBe("default");
  });

  it("refuses what is no such file, in one line", () => {
    expect(mistake("name: [")).toMatch(/^--config-file: k\.yml is no YAML or JSON: .* at line 1, column \d+$/);
    expect(mistake("name: a\nname: b")).toMatch(/is no YAML or JSON: Map keys must be unique at line 2/);
    expect(mistake("- a\n- b")).toContain("k.yml has no settings");
    expect(mistake("just a text")).toContain("k.yml has no settings");
  });

  it("is refused for its depth before a reader runs out of stack, where a regular expression aborts the process", () => {
    for (const opening of ["[", '{"a":', '{ a: "b\\u0041", c: ', "- ", "? ", "a: ", ": ", "-\t"]) {
      expect(mistake(opening.repeat(110))).toBe("--config-file: k.yml is nested deeper than 100 levels");
      expect(mistake(opening.repeat(64_000 / opening.length))).toBe(mistake(opening.repeat(110)));
    }
    const indented = (levels: number): string =>
      Array.from({ length: levels }, (_, i) => `${" ".repeat(i)}a:\n`).join("");
    expect(mistake(indented(110))).toContain("nested deeper");
    expect(warnings(indented(90))).toHaveLength(1);
    expect(warnings(`a: ${"[".repeat(90)}${"]".repeat(90)}`)).toHaveLength(1);
  });

  it("is bounded in size and copies", () => {
    expect(mistake(`name: ${"x".repeat(2 ** 16)}`)).toContain("larger than 65536 bytes");
    const bomb = ["a: &a [x,x,x,x,x,x,x,x,x]"];
    for (const [last, next] of ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"].map((pair) => [...pair])) {
      bomb.push(`${next}: &${next} [${Array(9).fill(`*${last}`).join(",")}]`);
    }
    expect(mistake(bomb.join("\n"))).toMatch(/no YAML or JSON: Excessive alias count/);
  });

  it("does not reach into objects by their names", () => {
    expect(warnings("__proto__: {name: x}\nconstructor: y")).toHaveLength(2);
    expect(config("__proto__: {name: x}").name).toBe("default");
  });
});

describe("beside a configuration file", () => {
  const path = join(directory, "k.yml");
  writeFileSync(path, "name: from-file\n");

  it("every flag and every variable is ignored, and named", () => {
    const line = readCommandLine(
      ["--config-file", path, "--name=flag", "--max-wals", "9"],
      { ETCD_DATA_DIR: "/x", ETCD_NONSENSE: "1" },
      "",
    );
    expect(line).toMatchObject({
      kind: "run",
      settings: { name: "from-file", dataDir: undefined },
      warnings: [
        "the configuration file stands alone, so these have no effect: --name, --max-wals, ETCD_DATA_DIR, ETCD_NONSENSE",
      ],
    });
  });

  it("the file may be named by its variable, over which the flag wins", () => {
    expect(readCommandLine([], { ETCD_CONFIG_FILE: path }, "")).toMatchObject({
      settings: { name: "from-file" },
      warnings: [],
    });
    expect(readCommandLine(["-config-file", path], { ETCD_CONFIG_FILE: "/nowhere" }, "")).toMatchObject({
      kind: "run",
    });
  });

  it("a file that is not there is a mistake", () => {
    expect(readCommandLine([], { ETCD_CONFIG_FILE: join(directory, "no.yml") }, "")).toEqual({
      kind: "exit",
      code: 2,
      output: `kvorum: --config-file: ${join(directory, "no.yml")} cannot be read (ENOENT)\n`,
    });
  });
});
