/**
 * Where each row of the facts is shown: by what a run of the integration tests has recorded, by a named test, or not at all
 * and for which reason. A row without any of them is left without evidence, which the test of this folder does not allow.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readFacts, rowsOf } from "./facts.mjs";

const RUNS = {
  "integration/conformance/seen-by-cases.txt": "conformance cases",
  "integration/conformance/seen-by-members.txt": "conformance of members",
  "integration/gateway/seen-routes.txt": "gateway cases",
};
export const REASONS = "docs/coverage-reasons.tsv";
/** What the server answers instead of the code that etcd's Go client shows. */
const UNKNOWN = "2";

/**
 * The whole table, section by section.
 *
 * @param {string} root
 * @param {import("./coverage.mjs").BuiltServer} built
 */
export function coverageOf(root, built) {
  const facts = readFacts(root);
  const seen = readRuns(root);
  const reasons = readReasons(root);
  const judge = (kind, name, facts, since = "") => ({
    kind,
    name,
    since,
    ...evidence(kind, name, facts, { seen, reasons }),
  });
  const sections = [
    ["Methods", facts.methods.map(({ name, since }) => judge("method", name, [`method ${name}`], since))],
    ["Fields of requests", fieldRows("sent")],
    ["Fields of answers", fieldRows("received")],
    ["Values of enums", facts.values.map(({ name, since }) => judge("value", name, [`value ${name}`], since))],
    ["Errors", facts.errors.map((row) => ({ ...judge("error", row.name, errorFacts(row)), text: row.wire_message }))],
    ["HTTP", facts.http.map((row) => httpRow(row))],
    ["Flags", facts.flags.map((row) => flagRow(row))],
    ["Metrics", facts.metrics.map((row) => metricRow(row))],
  ].map(([title, rows]) => ({ title, rows }));
  const known = new Set(sections.flatMap(({ rows }) => rows.map(({ kind, name }) => `${kind}\t${name}`)));
  return {
    sections,
    /** Reasons for what the facts do not have, and for what is shown without them. */
    idle: [...reasons.keys()].filter((key) => {
      if (!known.has(key)) return true;
      const row = sections.flatMap(({ rows }) => rows).find((one) => `${one.kind}\t${one.name}` === key);
      return row.how === "run" || row.how === "built";
    }),
    citations: [...reasons.values()].filter(({ how }) => how === "test").map(({ what }) => citation(what)),
  };

  function fieldRows(direction) {
    return facts.fields
      .filter((field) => field.direction === direction)
      .map(({ name, since }) => {
        const fact = `${direction} ${name}`;
        return { ...judge("field", fact, [fact], since), shown: name };
      });
  }

  function httpRow({ surface, path_or_rule: path, since }) {
    const row = judge("http", surface === "peer" ? `peer ${path}` : path, [], since);
    const prefix = `route ${path} `;
    const routes = surface === "gateway" ? [...seen.keys()].filter((fact) => fact.startsWith(prefix)).sort() : [];
    if (routes.length === 0) return row;
    const answers = routes.map((fact) => fact.slice(prefix.length)).join(", ");
    return { ...row, how: "run", what: `${seen.get(routes[0])}: ${answers}` };
  }

  function flagRow({ flag, class: importance }) {
    const row = { ...judge("flag", flag, []), since: importance };
    if (row.how !== "none") return row;
    const name = flag.replace(/^--/, "");
    if (built.KEY_BY_FLAG.has(name)) return { ...row, how: "built", what: "carried" };
    const told = built.NOT_CARRIED.get(name);
    return told === undefined ? row : { ...row, how: "reason", what: `${told.effect}: ${told.advice}` };
  }

  function metricRow({ name, in_3_6: current = "", ...versions }) {
    const in36 = current || versions["in_3.6"];
    const row = { ...judge("metric", name, []), since: "" };
    if (built.measured.has(name)) return { ...row, how: "built", what: "measured" };
    const absent = built.ABSENT_METRICS[name];
    if (absent !== undefined) return { ...row, how: "reason", what: absent };
    return in36 === "yes" ? row : { ...row, how: "reason", what: "not in etcd 3.6, whose API level the node has" };
  }
}

function evidence(kind, name, facts, { seen, reasons }) {
  const run = facts.map((fact) => seen.get(fact)).find((found) => found !== undefined);
  if (run !== undefined) return { how: "run", what: run };
  const told = reasons.get(`${kind}\t${name}`);
  return told === undefined ? { how: "none", what: "" } : { how: told.how, what: told.what };
}

function errorFacts({ code_number: code, wire_message: message, when_raised: when }) {
  const text = message.replace(/\bLIMIT\b/, "N");
  return [`error ${when.includes("WIRE QUIRK") ? UNKNOWN : code} ${text}`, `reason ${text}`];
}

/** From a fact to the run that has shown it. */
function readRuns(root) {
  const seen = new Map();
  for (const [file, run] of Object.entries(RUNS).reverse()) {
    for (const line of readFileSync(join(root, file), "utf8").trimEnd().split("\n")) seen.set(line, run);
  }
  return seen;
}

function readReasons(root) {
  const rows = rowsOf(readFileSync(join(root, REASONS), "utf8"));
  return new Map(rows.map(({ kind, name, how, what }) => [`${kind}\t${name}`, { how, what }]));
}

function citation(what) {
  const [file = "", title = ""] = what.split(" :: ");
  return { file, title };
}

/** True when the file has a test of this very name. */
export function isThere(root, { file, title }) {
  const path = join(root, file);
  if (!existsSync(path)) return false;
  const source = readFileSync(path, "utf8");
  return source.includes(`it(${JSON.stringify(title)}`);
}
