/** Holds the flags against the facts about etcd's in `testdata/flags.tsv`: every one is carried or has advice. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readCommandLine } from "./command-line.js";
import { FILE_KEYS } from "./config-file.js";
import { FEATURE_GATES } from "./feature-gates.js";
import { environmentName, type Flag, fallbackText } from "./flag.js";
import { CONFIG_FILE_FLAG, FLAGS, KEY_BY_FLAG, SETTING_KEYS } from "./flags.js";
import { NOT_CARRIED } from "./not-carried.js";

interface Fact {
  readonly flag: string;
  readonly variable: string;
  readonly fallback: string;
  readonly unit: string;
  readonly kind: string;
  readonly fileKey: string;
  readonly notes: string;
}

const facts: readonly Fact[] = readFileSync(new URL("../../testdata/flags.tsv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => {
    const [flag = "", variable = "", fallback = "", unit = "", , kind = "", fileKey = "", , , , , notes = ""] =
      line.split("\t");
    return { flag: flag.replace(/^--/, ""), variable, fallback, unit, kind, fileKey, notes };
  });

const flags = facts.filter(({ flag }) => !/^(?:gate|rule):/.test(flag));
const carried = flags.filter(({ flag }) => KEY_BY_FLAG.has(flag));

/** Flags of the process, not of its settings. */
const OF_THE_PROCESS = ["version", CONFIG_FILE_FLAG];

/** Where ours differs on purpose: `docs/divergence.md` says why. */
const OTHER_DEFAULTS: Readonly<Record<string, string>> = {
  "data-dir": "<name>.kvorum",
  cors: "none",
  "host-whitelist": "this machine and the advertised ones",
};

/** The same default in other words. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  "wal-dir": "inside the data directory",
  "quota-backend-bytes": "0",
  "initial-cluster": "<name>=<initial-advertise-peer-urls>",
  "feature-gates": "InitialCorruptCheck=false",
  "log-outputs": "stderr",
  "tls-max-version": "the newest there is",
  "cipher-suites": "any",
  "client-cert-file": "as the listener",
  "client-key-file": "as the listener",
  "peer-client-cert-file": "as the listener",
  "peer-client-key-file": "as the listener",
  "client-cert-allowed-hostname": "any",
  "peer-cert-allowed-cn": "any",
  "peer-cert-allowed-hostname": "any",
};

function flagNamed(name: string): Flag<unknown> {
  return FLAGS[KEY_BY_FLAG.get(name) as (typeof SETTING_KEYS)[number]];
}

describe("the flags", () => {
  it("are read from facts that are all there", () => {
    expect(flags.length).toBeGreaterThan(130);
    expect(carried.length).toBeGreaterThan(70);
  });

  it.each(flags.map(({ flag, kind }) => [flag, kind] as const))(
    "of etcd have --%s (%s), or advice for it",
    (flag, kind) => {
      const isCarried = KEY_BY_FLAG.has(flag) || OF_THE_PROCESS.includes(flag);
      expect(isCarried || (NOT_CARRIED.get(flag)?.advice ?? "") !== "").toBe(true);
      expect(isCarried && NOT_CARRIED.has(flag)).toBe(false);
      if (kind === "core") expect(isCarried).toBe(true);
    },
  );

  it("and the gates of etcd are all known", () => {
    const gates = facts.flatMap(({ flag }) => (flag.startsWith("gate:") ? [flag.slice("gate:".length)] : []));
    expect(gates.length).toBeGreaterThan(8);
    expect([...FEATURE_GATES].sort()).toEqual([...gates, "AllAlpha", "AllBeta"].sort());
  });

  it("that etcd accepts and ignores are ignored here", () => {
    const rule = facts.find(({ flag }) => flag === "rule:ignored")?.notes ?? "";
    const names = rule.replace(/^.*: /, "").split(" ");
    expect(names).toContain("peer-heartbeat-interval");
    for (const name of names) expect([name, NOT_CARRIED.get(name)?.effect]).toEqual([name, "ignored"]);
  });

  it.each(carried.map((fact) => [fact.flag, fact] as const))(
    "have etcd's variable and file key for --%s",
    (name, fact) => {
      expect(environmentName(name)).toBe(fact.variable);
      if (fact.fileKey === "(command line only)") return;
      expect(FILE_KEYS.get(fact.fileKey)).toEqual({ kind: "setting", key: KEY_BY_FLAG.get(name) });
    },
  );

  it("have etcd's file keys where they are not carried", () => {
    const others = flags.filter(({ flag, fileKey }) => NOT_CARRIED.has(flag) && !fileKey.startsWith("("));
    expect(others.length).toBeGreaterThan(30);
    for (const { flag, fileKey } of others) {
      expect([fileKey, FILE_KEYS.get(fileKey)]).toEqual([fileKey, { kind: "not carried", one: NOT_CARRIED.get(flag) }]);
    }
  });

  it.each(carried.filter(({ notes }) => !/deprecated|removed/.test(notes)).map((fact) => [fact.flag, fact] as const))(
    "have etcd's default for --%s",
    (name, { fallback }) => {
      const ours = fallbackText(flagNamed(name));
      const theirs = fallback === "" || fallback === "(none)" ? "none" : fallback;
      expect(ours).toBe(OTHER_DEFAULTS[name] ?? OTHER_WORDS[name] ?? theirs);
    },
  );

  it("that are true or false are switches, and no others", () => {
    for (const { flag, unit } of flags) {
      const form = KEY_BY_FLAG.has(flag) ? flagNamed(flag) : NOT_CARRIED.get(flag);
      if (form !== undefined) expect([flag, form.isSwitch ?? false]).toEqual([flag, unit === "bool"]);
    }
  });

  it("that are durations count nanoseconds in a file", () => {
    for (const { flag, unit } of carried)
      expect([flag, flagNamed(flag).isDuration ?? false]).toEqual([flag, unit === "duration"]);
  });

  it("take their own default as it is written in the help", () => {
    const written = SETTING_KEYS.filter((key) => !/[<>]|none|any|the |inside|machine/.test(fallbackText(FLAGS[key])));
    expect(written.length).toBeGreaterThan(35);
    for (const key of written) {
      const line = readCommandLine([`--${FLAGS[key].name}=${fallbackText(FLAGS[key])}`], {}, "");
      expect(line).toMatchObject({ kind: "run", warnings: [] });
    }
  });
});

describe("flags that are not carried", () => {
  const read = (argv: string, environment = {}) => readCommandLine(argv.split(" ").filter(Boolean), environment, "");

  it("are refused by name where something asked for would be missing", () => {
    expect(read("--discovery-srv example.test --name x")).toEqual({
      kind: "exit",
      code: 2,
      output:
        "kvorum: --discovery-srv is a setting of etcd that Kvorum does not have: name the members with --initial-cluster\n",
    });
    expect(read("", { ETCD_ENABLE_LOG_ROTATION: "true" })).toMatchObject({
      output: expect.stringContaining(
        "ETCD_ENABLE_LOG_ROTATION is a setting of etcd that Kvorum does not have: rotate",
      ),
    });
    expect(read("--enable-v2")).toMatchObject({ code: 2, output: expect.stringContaining("there is no v2 API") });
  });

  // What CVE-2020-15114 (a proxy that is its own endpoint) and CVE-2020-15136 (one that speaks without TLS to endpoints
  // listed by hand) need: a process that hands connections on.
  it.each([
    "--proxy on",
    "--proxy=readonly",
    "gateway start --endpoints=127.0.0.1:23790 --listen-addr=127.0.0.1:23790",
    "grpc-proxy start --endpoints=127.0.0.1:23790",
  ])("start no proxy or gateway in front of members: %s", (argv) => {
    expect(read(argv)).toMatchObject({ kind: "exit", code: 2 });
  });

  it("are ignored with a warning where they tune another engine", () => {
    expect(read("--max-wals 10 --backend-batch-limit=5")).toMatchObject({
      kind: "run",
      warnings: [
        "--max-wals is a setting of etcd that has no effect in Kvorum: segments of the log are deleted as soon as a snapshot of the store covers them",
        expect.stringMatching(/^--backend-batch-limit is a setting of etcd that has no effect/),
      ],
    });
  });

  it.each([...NOT_CARRIED.values()].map((one) => [one.name, one] as const))(
    "are taken in silence with etcd's default: --%s",
    (name, { defaults }) => {
      for (const text of defaults) expect(read(`--${name}=${text}`)).toMatchObject({ kind: "run", warnings: [] });
    },
  );

  it("never show their value, which may be a password", () => {
    const line = read("--discovery-password=hunter2", { ETCD_DISCOVERY_PASSWORD: "hunter3" });
    expect(JSON.stringify(line)).toContain("--discovery-password");
    expect(JSON.stringify(line)).not.toContain("hunter");
  });
});
