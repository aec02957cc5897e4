/** etcd's contract as the tables in `packages/server/testdata` have it, read into rows. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The rows of a table as objects whose keys are the names in its first line. */
export function rowsOf(text) {
  const [head = "", ...lines] = text.trimEnd().split("\n");
  const names = head.split("\t");
  return lines.map((line) => {
    const cells = line.split("\t");
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""]));
  });
}

export function readFacts(root) {
  const table = (name) => rowsOf(readFileSync(join(root, "packages/server/testdata", `${name}.tsv`), "utf8"));
  const api = table("api");
  return {
    ...apiFacts(api),
    errors: table("errors"),
    http: table("http"),
    flags: table("flags"),
    metrics: table("metrics"),
  };
}

/** Methods, fields by their direction, and values of enums: what the services reach, and nothing that only members use. */
function apiFacts(api) {
  const methods = api
    .filter(({ kind }) => kind === "service-method")
    .map(({ owner, name, type, since, notes }) => ({ name: `${owner}/${name}`, type, since, notes }));
  const fieldsOf = grouped(api.filter(isField));
  const ends = methods.map(({ type }) => type.replaceAll("stream ", "").split(" -> "));
  const sent = reached(
    ends.map(([request]) => request),
    fieldsOf,
  );
  const received = reached(
    ends.map(([, answer]) => answer),
    fieldsOf,
  );
  const fields = (messages, direction) =>
    [...messages].sort().flatMap((message) =>
      (fieldsOf.get(message) ?? []).map(({ name, since }) => ({
        direction,
        message,
        name: `${message}.${name}`,
        since,
      })),
    );
  const enums = new Set(
    [...sent, ...received].flatMap((message) => (fieldsOf.get(message) ?? []).map(({ type }) => type)),
  );
  const values = api
    .filter(({ kind, owner }) => kind === "enum-value" && enums.has(owner))
    .map(({ owner, name, since }) => ({ name: `${owner}.${name}`, since }));
  return { methods, fields: [...fields(sent, "sent"), ...fields(received, "received")], values };
}

const isField = ({ kind }) => kind === "message-field";

function grouped(rows) {
  const groups = new Map();
  for (const row of rows) groups.set(row.owner, [...(groups.get(row.owner) ?? []), row]);
  return groups;
}

/** Messages that stand in these, in their fields, and so on. */
function reached(first, fieldsOf) {
  const seen = new Set();
  const next = [...first];
  for (let message = next.pop(); message !== undefined; message = next.pop()) {
    if (seen.has(message) || !fieldsOf.has(message)) continue;
    seen.add(message);
    for (const { type } of fieldsOf.get(message)) next.push(type.replace(/^map<\w+,(.*)>$/, "$1"));
  }
  return seen;
}
