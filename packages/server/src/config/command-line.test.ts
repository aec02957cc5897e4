/** The command line and the environment, from text to configuration. */
import { describe, expect, it } from "vitest";
import { type CommandLine, type Environment, readCommandLine } from "./command-line.js";
import { type Config, configure } from "./config.js";
import { UsageError } from "./values.js";

function read(argv: string, environment: Environment = {}): CommandLine {
  return readCommandLine(argv === "" ? [] : argv.split(" "), environment, "kvorum 9.9.9");
}

function config(argv: string, environment: Environment = {}): Config {
  const line = read(argv, environment);
  if (line.kind !== "run") throw new Error(`printed instead: ${line.output}`);
  return configure(line.settings).node;
}

/** What is printed for a mistake, wherever it is found. */
function mistake(argv: string, environment: Environment = {}): string {
  const line = read(argv, environment);
  if (line.kind === "exit") {
    expect(line.code).toBe(2);
    return line.output.trimEnd();
  }
  try {
    configure(line.settings);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error("no mistake was found");
}

describe("the command line", () => {
  it("serves localhost from a directory named after the member when nothing is given", () => {
    expect(config("")).toMatchObject({
      name: "default",
      dataDir: "default.kvorum",
      listenClientUrls: ["http://localhost:2379"],
      advertiseClientUrls: ["http://localhost:2379"],
      peerUrls: ["http://localhost:2380"],
      electionMs: 1000,
      heartbeatMs: 100,
      watchProgressNotifyMs: 600_000,
      autoCompaction: undefined,
    });
  });

  it("reads the flags of the classic quick start", () => {
    expect(
      config(
        "--name n1 --data-dir ./d --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 " +
          "--listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 " +
          "--initial-cluster n1=http://127.0.0.1:2380 --initial-cluster-state new --initial-cluster-token t --logger=zap",
      ),
    ).toMatchObject({
      name: "n1",
      dataDir: "./d",
      listenClientUrls: ["http://127.0.0.1:2379"],
      peerUrls: ["http://127.0.0.1:2380"],
      clusterToken: "t",
    });
  });

  it("takes one dash or two, and a value after a space or an equals sign", () => {
    for (const argv of ["--name x", "--name=x", "-name x", "-name=x"]) expect(config(argv).name).toBe("x");
  });

  it("leaves a value alone that looks like a flag", () => {
    expect(config("--quota-backend-bytes -1").quotaBackendBytes).toBe(-1);
    expect(config("--quota-backend-bytes=-1").quotaBackendBytes).toBe(-1);
    expect(config("--name -name").name).toBe("-name");
  });

  it("answers a typo with the flag that was meant", () => {
    expect(mistake("--nmae x")).toBe("kvorum: unknown option '--nmae' (Did you mean --name?)");
    expect(mistake("-dta-dir x")).toBe("kvorum: unknown option '--dta-dir' (Did you mean --data-dir?)");
  });

  it("refuses what is no flag at all", () => {
    expect(mistake("serve")).toContain("too many arguments");
    expect(mistake("--name")).toContain("argument missing");
  });

  it("names the flag, the value and what is allowed when a value is wrong", () => {
    expect(mistake("--heartbeat-interval abc")).toBe(
      'kvorum: --heartbeat-interval: "abc" is not allowed, give a whole number from 1 to 50000',
    );
    expect(mistake("--initial-cluster-state old")).toBe(
      'kvorum: --initial-cluster-state: "old" is not allowed, give one of new, existing',
    );
    expect(mistake("--listen-client-urls 127.0.0.1:2379")).toContain("give comma-separated URLs such as");
    expect(mistake("--listen-client-urls http://127.0.0.1")).toContain("give comma-separated URLs such as");
    expect(mistake("--listen-client-urls ftp://127.0.0.1:2379")).toContain("give comma-separated URLs such as");
    expect(mistake("--watch-progress-notify-interval 10")).toContain("a duration with units");
  });

  it("takes switches as Go does: alone, or with the value behind an equals sign", () => {
    expect(config("")).toMatchObject({ preVote: true, strictReconfigCheck: true, initialCorruptCheck: false });
    for (const off of ["--pre-vote=false", "-pre-vote=0", "--pre-vote=F"]) expect(config(off).preVote).toBe(false);
    expect(config("--pre-vote --strict-reconfig-check=false")).toMatchObject({
      preVote: true,
      strictReconfigCheck: false,
    });
    expect(config("--experimental-initial-corrupt-check --name x")).toMatchObject({
      initialCorruptCheck: true,
      name: "x",
    });
    expect(mistake("--pre-vote false")).toBe(
      "kvorum: --pre-vote: write its value behind an equals sign, --pre-vote=false",
    );
    expect(mistake("--pre-vote=maybe")).toBe('kvorum: --pre-vote: "maybe" is not allowed, give true or false');
  });

  it("prints help by groups, with every flag and its default", () => {
    const line = read("--help");
    expect(line).toMatchObject({ kind: "exit", code: 0 });
    const { output } = line as { output: string };
    expect(output).toMatch(
      /Member:[\s\S]+--data-dir <path>[\s\S]+Cluster:[\s\S]+Limits:[\s\S]+History:[\s\S]+Logging:/,
    );
    expect(output).toMatch(/--max-request-bytes <bytes>[\s\S]+\(default:\s+1572864\)/);
    expect(output).toContain("ETCD_DATA_DIR");
    expect(output).not.toContain("experimental");
  });

  it("prints the version", () => {
    expect(read("--version")).toEqual({ kind: "exit", code: 0, output: "kvorum 9.9.9\n" });
  });

  it("takes the experimental name of a flag that has grown up", () => {
    expect(config("--experimental-watch-progress-notify-interval=1m30s").watchProgressNotifyMs).toBe(90_000);
    expect(
      config(
        "--experimental-max-learners 2 --experimental-snapshot-catchup-entries=7 --experimental-corrupt-check-time 5m",
      ),
    ).toMatchObject({ maxLearners: 2, catchUpEntries: 7, corruptCheckMs: 300_000 });
  });
});

describe("the environment", () => {
  it("sets what no flag sets", () => {
    expect(config("", { ETCD_NAME: "env", ETCD_MAX_TXN_OPS: "7" })).toMatchObject({ name: "env", maxTxnOps: 7 });
  });

  it("loses against a flag, with a warning", () => {
    const line = read("--name flag", { ETCD_NAME: "env" });
    expect(line).toMatchObject({ kind: "run", warnings: ["ETCD_NAME is set too; --name wins"] });
    expect(config("--name flag", { ETCD_NAME: "env" }).name).toBe("flag");
  });

  it("turns switches on and off", () => {
    expect(config("", { ETCD_PRE_VOTE: "false", ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK: "1" })).toMatchObject({
      preVote: false,
      initialCorruptCheck: true,
    });
    expect(mistake("", { ETCD_PRE_VOTE: "maybe" })).toBe(
      'kvorum: ETCD_PRE_VOTE: "maybe" is not allowed, give true or false',
    );
  });

  it("counts an empty variable as unset", () => {
    expect(config("", { ETCD_NAME: "" }).name).toBe("default");
  });

  it("is named in the message about a wrong value", () => {
    expect(mistake("", { ETCD_MAX_TXN_OPS: "many" })).toBe(
      'kvorum: ETCD_MAX_TXN_OPS: "many" is not allowed, give a whole number from 1 on',
    );
  });

  it("only warns about a variable that means nothing here", () => {
    expect(read("", { ETCD_NMAE: "x", PATH: "/bin" })).toMatchObject({
      kind: "run",
      warnings: ["ETCD_NMAE is not a setting of this version and has no effect"],
    });
  });
});

describe("rules between settings", () => {
  it("wants an election timeout of five heartbeats", () => {
    expect(mistake("--heartbeat-interval 300")).toContain("give at least 5 times --heartbeat-interval (300 ms)");
    expect(config("--heartbeat-interval 300 --election-timeout 1500").electionMs).toBe(1500);
  });

  it("wants the advertised addresses beside the listened ones", () => {
    expect(mistake("--listen-client-urls http://127.0.0.1:1")).toContain("--advertise-client-urls is needed");
  });

  it("listens on addresses, not on names", () => {
    const rest = "--advertise-client-urls http://h:1 --listen-client-urls";
    expect(mistake(`${rest} http://example.test:1`)).toContain("give an IP address or localhost");
    expect(config(`${rest} http://[::1]:1,unix:///tmp/k.sock`).listenClientUrls).toEqual([
      "http://[::1]:1",
      "unix:///tmp/k.sock",
    ]);
  });

  it("starts with this member alone when no others are named", () => {
    expect(config("--name a --initial-advertise-peer-urls http://h:1,http://h:2")).toMatchObject({
      initialCluster: [{ name: "a", peerUrls: ["http://h:1", "http://h:2"] }],
      initialClusterState: "new",
    });
  });

  it("reads a cluster of several, a name once an address, in any order and spelling of an address", () => {
    const argv =
      "--name a --initial-advertise-peer-urls http://HOST:1,http://127.0.0.1:1 --initial-cluster-state existing " +
      "--initial-cluster b=http://127.0.0.1:2,a=http://127.0.0.1:1,c=http://[::1]:3/,a=http://host:1";
    expect(config(argv)).toMatchObject({
      initialCluster: [
        { name: "b", peerUrls: ["http://127.0.0.1:2"] },
        { name: "a", peerUrls: ["http://127.0.0.1:1", "http://host:1"] },
        { name: "c", peerUrls: ["http://[::1]:3"] },
      ],
      initialClusterState: "existing",
    });
  });

  it("gives no address to two members, nor twice to one", () => {
    const own = "--name a --initial-advertise-peer-urls http://h:1 --initial-cluster a=http://h:1";
    for (const other of ["b=http://h:1", "a=http://h:1/"]) {
      expect(mistake(`${own},${other}`)).toBe(
        "--initial-cluster has http://h:1 twice: every address belongs to one member",
      );
    }
  });

  it("holds the initial cluster against name and peer addresses", () => {
    expect(mistake("--name a --initial-cluster b=http://127.0.0.1:1")).toContain('no member "a"');
    expect(mistake("--name a --initial-cluster a=http://127.0.0.1:1")).toBe(
      "--initial-cluster gives a the addresses http://127.0.0.1:1, but --initial-advertise-peer-urls is http://localhost:2380",
    );
    expect(mistake("--initial-cluster a,b")).toBe(
      '--initial-cluster: "a" is not allowed, give name=url pairs such as n1=http://127.0.0.1:2380',
    );
    expect(mistake("--initial-cluster a=127.0.0.1:1")).toContain('"a=127.0.0.1:1" is not allowed, give comma-sep');
    expect(mistake("--initial-cluster a=ftp://h:1")).toContain("unix:///run/kvorum.sock behind a=");
  });

  it("takes the check for damage at the start as a feature gate too, and not both", () => {
    expect(config("--feature-gates=InitialCorruptCheck=true").initialCorruptCheck).toBe(true);
    expect(config("--feature-gates InitialCorruptCheck=false").initialCorruptCheck).toBe(false);
    expect(mistake("--feature-gates InitialCorrupt=true")).toContain(
      'kvorum: --feature-gates: "InitialCorrupt=true" is not allowed, give name=true or name=false of AllAlpha, AllBeta, Init',
    );
    expect(mistake("--feature-gates InitialCorruptCheck=true --experimental-initial-corrupt-check")).toBe(
      "--experimental-initial-corrupt-check and --feature-gates=InitialCorruptCheck mean the same: give one of them",
    );
  });

  it("keeps the default number of entries for slow members when 0 is given", () => {
    expect(config("--snapshot-catchup-entries 0").catchUpEntries).toBe(5000);
    expect(config("")).toMatchObject({ catchUpEntries: 5000, maxLearners: 1, corruptCheckMs: 0 });
  });

  it("reads the retention as its mode says", () => {
    const retention = (argv: string) => config(argv).autoCompaction;
    expect(retention("--auto-compaction-retention 1")).toEqual({ mode: "periodic", retentionMs: 3_600_000 });
    expect(retention("--auto-compaction-retention 90s")).toEqual({ mode: "periodic", retentionMs: 90_000 });
    expect(retention("--auto-compaction-mode revision --auto-compaction-retention 1000")).toEqual({
      mode: "revision",
      retentionRevisions: 1000,
    });
    expect(mistake("--auto-compaction-mode revision --auto-compaction-retention 1h")).toContain(
      "a number of revisions",
    );
    expect(mistake("--auto-compaction-retention soon")).toContain("give hours or a duration");
  });

  it("does not notify of progress more often than ten times a second", () => {
    expect(mistake("--watch-progress-notify-interval 50ms")).toContain("give 100ms or more");
    expect(config("--watch-progress-notify-interval 0").watchProgressNotifyMs).toBe(600_000);
  });
});
