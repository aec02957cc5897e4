/** The coverage as a page: how much of each part is shown in which way, then row by row. */

const WORDS = { run: "compared", built: "there", test: "tested", reason: "not there, or never sent", none: "nothing" };

/** @returns {string} */
export function renderCoverage({ sections }) {
  return [
    "# What of etcd's surface is there, and where it is shown",
    "",
    "<!-- Made by `node scripts/coverage.mjs`; a test fails while it is not fresh. -->",
    "",
    "The rows are the facts of etcd's contract in `packages/server/testdata/*.tsv`. A row is shown by a run of the integration",
    "tests, which write down what they have sent, received and been refused (`integration/conformance/seen-*.txt`,",
    "`integration/gateway/seen-routes.txt`, held fresh by the runs themselves). Their cases are compared with etcd 3.4.23, or,",
    "for what it does not have, with answers that stand in the case. Otherwise a row is shown by a test that is named; by the",
    "built server, whose flags and metrics have tests of their own against the same facts (`flags.test.ts`,",
    "`metrics-facts.test.ts`); or it has a reason why it is not there (`coverage-reasons.tsv`).",
    "",
    summary(sections),
    ...sections.flatMap(({ title, rows }) => [
      "",
      `## ${title}`,
      "",
      table(["", "since", "shown by"], rows.map(lineOf)),
    ]),
    "",
  ].join("\n");
}

function summary(sections) {
  const ways = Object.keys(WORDS).filter((how) => how !== "none");
  const rows = sections.map(({ title, rows }) => [
    title,
    String(rows.length),
    ...ways.map((how) => String(rows.filter((row) => row.how === how).length)),
  ]);
  return table(["", "rows", ...ways.map((how) => WORDS[how])], rows);
}

function lineOf({ name, shown, since, how, what, text }) {
  const label = text === undefined ? `\`${shown ?? name}\`` : `\`${name}\`: ${text}`;
  return [label, since, how === "reason" ? `not: ${what}` : how === "test" ? `\`${what.replace(" :: ", "`: ")}` : what];
}

/** Rows as they come: a table of hundreds of them is not read in its source. */
function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
