/**
 * Whatever is written, it is taken or refused in one line; and what the settings allow, the options of a node allow. Failures
 * print the seed that replays them.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resolveOptions } from "../options.js";
import { type CommandLine, readCommandLine } from "./command-line.js";
import { configure } from "./config.js";
import { FILE_KEYS, parseConfigFile } from "./config-file.js";
import { environmentName } from "./flag.js";
import { FLAGS, KEY_BY_FLAG, SETTING_KEYS } from "./flags.js";
import { settingsOf, warnOfNotCarried } from "./given.js";
import { NOT_CARRIED } from "./not-carried.js";
import { UsageError } from "./values.js";

/** Each; a few seconds in all. */
const RUNS = 400;

const names = [...KEY_BY_FLAG.keys(), ...NOT_CARRIED.keys()];

/** Values that some flag takes, and values that none does. */
const value = fc.oneof(
  fc.constantFrom(
    ...["true", "false", "0", "1", "5", "100", "1000", "-1", "5s", "1h30m", "0s", "simple", "extensive", "existing"],
    ...[
      "http://127.0.0.1:1",
      "https://127.0.0.1:1",
      "https://[::1]:1,http://localhost:2",
      "unix:///tmp/k.sock",
      "unixs:///tmp/k",
    ],
    ...["default=http://localhost:2380", "a,b", "*", "/a.pem", "TLS1.3", "TLS1.2", "console", "stderr,/tmp/x", "debug"],
    ...["jwt,sign-method=RS256,pub-key=/p", "AllAlpha=true", "TLS_AES_128_GCM_SHA256", "revision", "4294967295"],
  ),
  fc.string({ maxLength: 12 }),
);

function tryToConfigure(line: CommandLine): "taken" | "refused" {
  if (line.kind === "exit") {
    expect(line.code === 0 || /^kvorum: [^\n]+\n$/.test(line.output)).toBe(true);
    return "refused";
  }
  try {
    const { node } = configure(line.settings);
    resolveOptions(node);
    return "taken";
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    expect(error.message).not.toContain("\n");
    return "refused";
  }
}

describe("settings of any kind", () => {
  it("on the command line and in the environment are taken or refused in one line", () => {
    const outcomes = { taken: 0, refused: 0 };
    const flag = fc.tuple(fc.constantFrom(...names), value).map(([name, text]) => `--${name}=${text}`);
    const variable = fc
      .tuple(fc.constantFrom(...names), value)
      .map(([name, text]) => [environmentName(name), text] as const);
    fc.assert(
      fc.property(
        fc.array(fc.oneof(flag, fc.string()), { maxLength: 4 }),
        fc.array(variable, { maxLength: 2 }),
        (argv, variables) => {
          outcomes[tryToConfigure(readCommandLine(argv, Object.fromEntries(variables), "v"))]++;
        },
      ),
      { numRuns: RUNS },
    );
    expect(Math.min(outcomes.taken, outcomes.refused)).toBeGreaterThan(RUNS / 20);
  }, 60_000);

  it("one by one, with values of other flags, are taken or refused in one line", () => {
    for (const key of SETTING_KEYS) {
      for (const text of ["true", "5", "5s", "/a", "http://127.0.0.1:1", "https://127.0.0.1:1"]) {
        tryToConfigure(readCommandLine([`--${FLAGS[key].name}=${text}`, "--auto-tls", "--peer-auto-tls"], {}, "v"));
      }
    }
  });

  it("in a file are taken or refused in one line", () => {
    const line = fc.tuple(fc.oneof(fc.constantFrom(...FILE_KEYS.keys()), fc.string()), value);
    const text = fc.oneof(
      fc.array(line, { maxLength: 5 }).map((lines) => lines.map(([key, text]) => `${key}: ${text}`).join("\n")),
      fc.array(line, { maxLength: 5 }).map((lines) => JSON.stringify(Object.fromEntries(lines))),
      fc.jsonValue().map((json) => JSON.stringify(json)),
      fc.string({ unit: "binary", maxLength: 200 }),
    );
    fc.assert(
      fc.property(text, (content) => {
        try {
          const file = parseConfigFile(content, "k.yml");
          warnOfNotCarried(file);
          resolveOptions(configure(settingsOf(file.settings)).node);
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
          expect(error.message).not.toContain("\n");
        }
      }),
      { numRuns: RUNS },
    );
  }, 60_000);
});
