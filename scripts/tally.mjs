/**
 * Counts JSON results of vitest and of campaigns and prints one line, `N passed, N failed`, with `, N skipped` where
 * any was; before it, what failed: the names of the tests, and of a campaign the end of what it printed and its first
 * line, which tells the seed. Exits with 1 when something failed, when a named file is missing or when nothing ran at all.
 *
 *   node scripts/tally.mjs STATUS results.json [more.json]
 *
 * STATUS is the exit code of the runs together. A campaign writes `{ "passed": 50, "failed": 0, "skipped": 0 }`, and
 * `campaign.log` beside `campaign.json` is what it printed.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, relative } from "node:path";

/** How much of what a campaign printed is repeated when it failed. */
const LINES_SHOWN = 25;

const total = { passed: 0, failed: 0, skipped: 0 };
const [status, ...paths] = process.argv.slice(2);
for (const path of paths) {
  const results = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
  const counts = results && countsOf(results);
  if (counts === undefined) console.log(`no results in ${basename(path)}: counted as one failure`);
  if (counts === undefined || counts.failed > 0) for (const line of failures(path, results)) console.log(line);
  const { passed, failed, skipped = 0 } = counts ?? { passed: 0, failed: 1 };
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}
if (status !== "0" && total.failed === 0) {
  // An error outside all tests, such as a rejection that nobody handled.
  console.log(`every test passed, but a run ended with exit code ${status}: counted as one failure`);
  total.failed = 1;
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

function countsOf(results) {
  if (results.testResults === undefined) return results;
  // A file that fails outside its tests (an import, a hook) has no failed test of its own, and still is a failure.
  const broken = results.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"),
  );
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + broken.length,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

function failures(path, results) {
  if (results?.testResults !== undefined) return results.testResults.flatMap(failedTests);
  const log = path.replace(/\.json$/, ".log");
  const lines = existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : [];
  const first = lines.length > LINES_SHOWN ? lines.slice(0, 1) : [];
  return [
    `FAILED ${basename(path, ".json")}, the beginning and the end of what it printed:`,
    ...first,
    ...lines.slice(-LINES_SHOWN),
  ];
}

function failedTests({ name, status, message, assertionResults }) {
  const file = relative(process.cwd(), name);
  const failed = assertionResults.filter((result) => result.status === "failed");
  if (failed.length === 0) return status === "failed" ? [`FAILED ${file}: ${firstLine(message)}`] : [];
  return failed.map((result) => `FAILED ${file} > ${result.fullName}: ${firstLine(result.failureMessages[0])}`);
}

function firstLine(text = "") {
  return text.split("\n", 1)[0];
}
