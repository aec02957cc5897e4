/** What an embedded node can be told: defaults, and the mistakes that are named before anything starts. */
import { describe, expect, it } from "vitest";
import type { Logger } from "./env.js";
import { type NodeOptions, resolveOptions } from "./options.js";

function refusal(options: object): string {
  try {
    resolveOptions(options as NodeOptions);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    return `${error.name}: ${error.message}`;
  }
  throw new Error("the options were taken");
}

const PAIR = { certFile: "/c", keyFile: "/k" };

describe("the options of a node", () => {
  it("all have defaults", () => {
    expect(resolveOptions({})).toMatchObject({ warnUnaryMs: 300, warnApplyMs: 100, unsafeNoFsync: false, auth: {} });
  });

  it.each<readonly [string, object, string]>([
    ["TLS without a certificate", { listenClientUrls: ["https://127.0.0.1:0"] }, "TypeError: listenClientUrls: "],
    [
      "TLS for members without one",
      { listenPeerUrls: ["https://h:1"], clientTls: PAIR },
      "TypeError: listenPeerUrls: ",
    ],
    [
      "a metrics address of that kind",
      { http: { listenMetricsUrls: ["https://h:1"] } },
      "TypeError: http.listenMetricsUrls: ",
    ],
    [
      "an HTTP address of no kind",
      { http: { listenClientHttpUrls: ["h:1"] } },
      "TypeError: http.listenClientHttpUrls: ",
    ],
    ["half a pair", { clientTls: { certFile: "/c" } }, "TypeError: clientTls: certFile and keyFile belong together"],
    [
      "the other half",
      { peerTls: { ...PAIR, clientKeyFile: "/k" } },
      "TypeError: peerTls: clientCertFile and clientKeyFile",
    ],
    [
      "two kinds of names",
      { peerTls: { ...PAIR, allowedCommonNames: ["a"], allowedHostnames: ["b"] } },
      "TypeError: peerTls: allowed",
    ],
    [
      "certificates of nobody",
      { clientTls: { ...PAIR, clientCertAuth: true } },
      "TypeError: clientTls: clientCertAuth needs",
    ],
    [
      "certificates of nobody's authority beside one that is made",
      { clientTls: { autoTls: true, clientCertAuth: true } },
      "TypeError: clientTls: clientCertAuth needs",
    ],
    [
      "years of no number",
      { clientTls: { autoTls: true, selfSignedValidityYears: 0 } },
      "RangeError: clientTls.selfSigned",
    ],
    [
      "versions that cross",
      { clientTls: { ...PAIR, minVersion: "TLSv1.3", maxVersion: "TLSv1.2" } },
      "RangeError: clientTls.maxV",
    ],
    [
      "an old version",
      { clientTls: { ...PAIR, minVersion: "TLSv1.1" } },
      "RangeError: clientTls: the version is TLSv1.1",
    ],
    ["a token of no kind", { auth: { token: { kind: "paseto" } } }, 'TypeError: auth.token.kind is "paseto"'],
    [
      "a token without a key",
      { auth: { token: { kind: "jwt", signMethod: "RS256" } } },
      "TypeError: auth.token has no key",
    ],
    [
      "a token that is over at once",
      { auth: { token: { kind: "simple", ttlMs: 0 } } },
      "RangeError: auth.token.ttlMs is 0",
    ],
    [
      "a cost too low",
      { auth: { bcryptCost: 3 } },
      "RangeError: auth.bcryptCost is 3: give a whole number from 4 to 31",
    ],
    ["a ping of no time", { keepAlive: { intervalMs: -1 } }, "RangeError: keepAlive.intervalMs is -1"],
    [
      "a ping beyond all timers",
      { keepAlive: { timeoutMs: 2 ** 31 } },
      "RangeError: keepAlive.timeoutMs is 2147483648",
    ],
    ["comparisons of no time", { corruptCheckMs: Number.NaN }, "RangeError: corruptCheckMs is NaN"],
    ["a warning of no time", { warnApplyMs: Number.NaN }, "RangeError: warnApplyMs is NaN"],
    ["metrics of no amount", { http: { metrics: "all" } }, 'TypeError: http.metrics is "all"'],
    ["an empty origin", { http: { corsOrigins: [""] } }, "TypeError: http.corsOrigins has an empty word"],
    ["a switch that is a word", { forceNewCluster: "no" }, "TypeError: forceNewCluster is no: give true or false"],
  ])("refuse %s", (_, options, message) => {
    expect(refusal(options)).toContain(message);
  });

  it("take addresses with TLS where there is a certificate, and advertise what they are told", () => {
    const tls = { autoTls: true };
    const listenClientUrls = ["https://127.0.0.1:0"];
    expect(resolveOptions({ listenClientUrls, clientTls: tls }).listenClientUrls).toEqual(listenClientUrls);
    expect(
      resolveOptions({ advertiseClientUrls: ["https://proxy.test:443"], peerUrls: ["https://h:1"] }).peerUrls,
    ).toHaveLength(1);
  });

  it("keep secrets from the logger that was given", () => {
    const lines: string[] = [];
    const note = (fields: object, message: string): void => void lines.push(`${JSON.stringify(fields)} ${message}`);
    const logger: Logger = { debug: note, info: note, warn: note, error: note };
    resolveOptions({ logger }).logger.info({ user: "alice", password: "hunter2" }, "token=abc");
    expect(lines).toEqual(['{"user":"alice","password":"[redacted]"} token=[redacted]']);
  });
});
