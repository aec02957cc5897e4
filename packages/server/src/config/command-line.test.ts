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
  return configure(line.settings);
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

  it("tells a flag of etcd that is not served yet from a typo", () => {
    expect(mistake("--cert-file=/x")).toBe("kvorum: --cert-file is a flag of etcd that this version does not have yet");
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
    expect(mistake("--listen-client-urls https://127.0.0.1:2379")).toContain("TLS");
    expect(mistake("--watch-progress-notify-interval 10")).toContain("a duration with units");
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

  it("refuses a cluster of several, and says that this version runs clusters of one", () => {
    expect(mistake("--name a --initial-cluster a=http://127.0.0.1:1,b=http://127.0.0.1:2")).toContain(
      "names 2 members (a, b): this version runs clusters of one, give only a",
    );
    expect(mistake("--initial-cluster-state existing")).toContain("joining a cluster is not there yet");
  });

  it("holds the initial cluster against name and peer addresses", () => {
    expect(mistake("--name a --initial-cluster b=http://127.0.0.1:1")).toContain('no member "a"');
    expect(mistake("--name a --initial-cluster a=http://127.0.0.1:1")).toContain("--initial-advertise-peer-urls is");
    expect(mistake("--initial-cluster a,b")).toContain("give name=url pairs");
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
