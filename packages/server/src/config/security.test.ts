/** TLS, users, HTTP and pings, from flags to the options of a node, and the rules among them. */
import { describe, expect, it } from "vitest";
import { readCommandLine } from "./command-line.js";
import { type Config, configure, type ProcessConfig } from "./config.js";
import { UsageError } from "./values.js";

function whole(argv: string): ProcessConfig {
  const line = readCommandLine(argv === "" ? [] : argv.split(" "), {}, "");
  if (line.kind !== "run") throw new UsageError(line.output.replace(/^kvorum: |\n$/g, ""));
  return configure(line.settings);
}

function config(argv: string): Config {
  return whole(argv).node;
}

function mistake(argv: string): string {
  try {
    whole(argv);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error("no mistake was found");
}

const SECURE = "--listen-client-urls https://127.0.0.1:1 --advertise-client-urls https://127.0.0.1:1";
const PAIR = "--cert-file /c.pem --key-file /c.key";

describe("TLS for clients", () => {
  it("is off unless there is a certificate", () => {
    expect(config("")).toMatchObject({ clientTls: undefined, peerTls: undefined });
  });

  it("has everything that its flags say", () => {
    const flags =
      `${SECURE} ${PAIR} --trusted-ca-file /ca.pem --client-cert-auth --client-crl-file /crl.pem ` +
      "--client-cert-allowed-hostname a.test,b.test --client-cert-file /cc.pem --client-key-file /cc.key " +
      "--tls-min-version TLS1.2 --tls-max-version TLS1.3 --self-signed-cert-validity 3 --cipher-suites TLS_RSA_WITH_AES_128_CBC_SHA,TLS_AES_128_GCM_SHA256";
    expect(config(flags).clientTls).toEqual({
      certFile: "/c.pem",
      keyFile: "/c.key",
      trustedCaFile: "/ca.pem",
      clientCertAuth: true,
      crlFile: "/crl.pem",
      allowedHostnames: ["a.test", "b.test"],
      clientCertFile: "/cc.pem",
      clientKeyFile: "/cc.key",
      autoTls: false,
      selfSignedValidityYears: 3,
      minVersion: "TLSv1.2",
      maxVersion: "TLSv1.3",
      cipherSuites: ["TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_AES_128_GCM_SHA256"],
    });
  });

  it("needs certificate and key for an https address, or makes them itself", () => {
    expect(mistake(SECURE)).toBe(
      "--listen-client-urls: https://127.0.0.1:1 needs --cert-file and --key-file, or --auto-tls",
    );
    expect(mistake("--listen-metrics-urls https://127.0.0.1:1")).toContain(
      "--listen-metrics-urls: https://127.0.0.1:1 needs",
    );
    expect(config(`${SECURE} --auto-tls`).clientTls).toMatchObject({ autoTls: true, selfSignedValidityYears: 1 });
  });

  it("wants both halves of a pair", () => {
    expect(mistake("--cert-file /c.pem")).toBe("--key-file is needed with --cert-file");
    expect(mistake("--key-file /c.key")).toBe("--cert-file is needed with --key-file");
    expect(mistake(`${PAIR} --client-key-file /c.key`)).toBe("--client-cert-file is needed with --client-key-file");
    expect(mistake("--peer-key-file /c.key")).toBe("--peer-cert-file is needed with --peer-key-file");
  });

  it("asks for certificates only of an authority that was named", () => {
    expect(mistake(`${SECURE} ${PAIR} --client-cert-auth`)).toBe(
      "--trusted-ca-file is needed with --client-cert-auth: it says whose certificates are accepted",
    );
    expect(mistake("--peer-client-cert-auth")).toContain("--peer-trusted-ca-file is needed");
    expect(mistake("--peer-client-cert-auth --peer-auto-tls")).toContain("--peer-trusted-ca-file is needed");
  });

  it("refuses versions and suites that contradict each other", () => {
    expect(mistake("--tls-min-version TLS1.3 --tls-max-version TLS1.2")).toBe(
      "--tls-max-version is TLS1.2: give TLS1.3 or newer",
    );
    expect(mistake("--tls-min-version TLS1.3 --cipher-suites TLS_AES_128_GCM_SHA256")).toContain(
      "--cipher-suites has no meaning with",
    );
    expect(mistake("--cipher-suites AES128-SHA")).toContain(
      '--cipher-suites: "AES128-SHA" is not allowed, give names of TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, ',
    );
    expect(mistake("--tls-min-version TLS1.1")).toContain("give one of TLS1.2, TLS1.3");
  });

  it("says which addresses stay plain although there is a certificate, and what has no effect", () => {
    expect(whole(`${PAIR} --auto-tls`).warnings).toEqual([
      "--auto-tls has no effect beside --cert-file",
      "--listen-client-urls: http://localhost:2379 is served without TLS, although there is a certificate",
    ]);
    expect(config(`${PAIR} --auto-tls`).clientTls?.autoTls).toBe(false);
    expect(whole(`${SECURE} ${PAIR}`).warnings).toEqual([]);
  });
});

describe("TLS for members", () => {
  it("has everything that its flags say", () => {
    const flags =
      "--listen-peer-urls https://127.0.0.1:1 --initial-advertise-peer-urls https://127.0.0.1:1 --peer-cert-file /p.pem " +
      "--peer-key-file /p.key --peer-trusted-ca-file /ca.pem --peer-client-cert-auth --peer-crl-file /crl.pem " +
      "--peer-cert-allowed-cn m1 --peer-client-cert-file /pc.pem --peer-client-key-file /pc.key --peer-skip-client-san-verification";
    expect(config(flags)).toMatchObject({
      peerUrls: ["https://127.0.0.1:1"],
      peerTls: {
        certFile: "/p.pem",
        keyFile: "/p.key",
        trustedCaFile: "/ca.pem",
        clientCertAuth: true,
        crlFile: "/crl.pem",
        allowedCommonNames: ["m1"],
        clientCertFile: "/pc.pem",
        clientKeyFile: "/pc.key",
        skipClientSanVerification: true,
      },
    });
  });

  it("takes common names or host names, not both", () => {
    expect(mistake("--peer-cert-allowed-cn a --peer-cert-allowed-hostname b")).toContain("exclude each other");
  });

  it("is there for one that only has to reach others by it", () => {
    expect(config("--peer-trusted-ca-file /ca.pem").peerTls).toMatchObject({ trustedCaFile: "/ca.pem" });
  });
});

describe("tokens", () => {
  const token = (argv: string) => config(argv).auth.token;

  it("are simple ones of five minutes unless something else is said", () => {
    expect(config("").auth).toEqual({ token: { kind: "simple", ttlMs: 300_000 }, bcryptCost: 10 });
    expect(token("--auth-token-ttl 60")).toEqual({ kind: "simple", ttlMs: 60_000 });
    expect(token("--auth-token-ttl 0")).toEqual({ kind: "simple", ttlMs: 300_000 });
    expect(config("--bcrypt-cost 4").auth.bcryptCost).toBe(4);
    expect(mistake("--bcrypt-cost 3")).toContain("give a whole number from 4 to 31");
  });

  it("may be signed, with etcd's options in any order", () => {
    expect(token("--auth-token jwt,pub-key=/p.pem,priv-key=/k.pem,sign-method=RS256,ttl=10m")).toEqual({
      kind: "jwt",
      signMethod: "RS256",
      publicKeyFile: "/p.pem",
      privateKeyFile: "/k.pem",
      ttlMs: 600_000,
    });
    expect(token("--auth-token jwt,sign-method=EdDSA,pub-key=/p.pem")).toMatchObject({
      signMethod: "EdDSA",
      ttlMs: undefined,
    });
  });

  it("refuse what would give other tokens than were meant", () => {
    const wrong = (text: string) => mistake(`--auth-token ${text}`);
    expect(wrong("jwt")).toContain("give a sign-method of RS256, RS384");
    expect(wrong("jwt,sign-method=none,pub-key=/p")).toContain("give a sign-method of");
    expect(wrong("jwt,sign-method=RS256")).toContain("give a key with it");
    expect(wrong("jwt,sign-method=RS256,pubkey=/p")).toContain("give the options sign-method, pub-key, priv-key, ttl");
    expect(wrong("jwt,sign-method=RS256,pub-key=/p,pub-key=/q")).toContain("give pub-key once");
    expect(wrong("jwt,sign-method=RS256,pub-key=/p,ttl=0")).toContain("give a ttl above 0");
    expect(wrong("jwt,sign-method=RS256,pub-key=/p,ttl=5")).toContain("give a duration with units");
    expect(wrong("simple,ttl=5m")).toContain("give simple, or jwt");
    expect(wrong("paseto")).toContain("give simple, or jwt");
  });
});

describe("HTTP, pings and the rest", () => {
  it("have safe defaults", () => {
    expect(config("")).toMatchObject({
      http: { gateway: true, corsOrigins: undefined, hostWhitelist: undefined, debug: false, metrics: "basic" },
      keepAlive: { minTimeMs: 5000, intervalMs: 7_200_000, timeoutMs: 20_000 },
      warnUnaryMs: 300,
      warnApplyMs: 100,
      unsafeNoFsync: false,
      forceNewCluster: false,
    });
  });

  it("are read from their flags", () => {
    const flags =
      "--enable-grpc-gateway=false --cors https://a.test,https://b.test --host-whitelist n1.test --listen-client-http-urls " +
      "http://127.0.0.1:1 --listen-metrics-urls http://127.0.0.1:2 --enable-pprof --metrics extensive " +
      "--grpc-keepalive-min-time 1s --grpc-keepalive-interval 0 --warning-unary-request-duration 1s " +
      "--experimental-warning-apply-duration 2s --unsafe-no-fsync --force-new-cluster";
    expect(config(flags)).toMatchObject({
      http: {
        gateway: false,
        corsOrigins: ["https://a.test", "https://b.test"],
        hostWhitelist: ["n1.test"],
        listenClientHttpUrls: ["http://127.0.0.1:1"],
        listenMetricsUrls: ["http://127.0.0.1:2"],
        debug: true,
        metrics: "extensive",
      },
      keepAlive: { minTimeMs: 1000, intervalMs: 0 },
      warnUnaryMs: 1000,
      warnApplyMs: 2000,
      unsafeNoFsync: true,
      forceNewCluster: true,
    });
  });

  it("refuse empty words in lists", () => {
    expect(mistake("--cors https://a.test,,")).toContain("give words with commas between them");
  });

  it("send the log where it is wanted", () => {
    const outputs = (text: string) => whole(`--log-outputs ${text}`).log.outputs;
    expect(whole("").log).toEqual({ level: "info", format: "json", outputs: ["stderr"] });
    expect(outputs("stdout,/var/log/k.log,stderr,stdout")).toEqual(["stdout", "/var/log/k.log", "stderr"]);
    expect(outputs("systemd/journal")).toEqual(["stderr"]);
    expect(mistake("--log-outputs default,stdout")).toContain("give default alone");
    expect(mistake("--log-outputs 1,2,3,4,5,6,7,8,9")).toContain("give 8 outputs at most");
    expect(mistake("--log-format yaml")).toContain("give one of json, console");
  });

  it("warn of a gate that cannot be had, and take AllAlpha for the one that is a choice", () => {
    expect(
      whole("--feature-gates LeaseCheckpoint=true,FastLeaseKeepAlive=true,StopGRPCServiceOnDefrag=false").warnings,
    ).toEqual([]);
    expect(whole("--feature-gates StopGRPCServiceOnDefrag=true").warnings).toEqual([
      "--feature-gates: StopGRPCServiceOnDefrag=true has no effect here: a defragmentation does not stop the service",
    ]);
    expect(config("--feature-gates AllAlpha=true").initialCorruptCheck).toBe(true);
    expect(config("--feature-gates AllAlpha=true,InitialCorruptCheck=false").initialCorruptCheck).toBe(false);
  });
});
