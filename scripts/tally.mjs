/**
 * Counts JSON results of vitest and of campaigns and prints one line, `N passed, N failed`, with `, N skipped` where
 * any was. Exits with 1 when something failed, when a named file is missing or when nothing ran at all.
 *
 *   node scripts/tally.mjs results.json [more.json]
 *
 * A campaign writes `{ "passed": 50, "failed": 0, "skipped": 0 }`.
 */
import { existsSync, readFileSync } from "node:fs";

const total = { passed: 0, failed: 0, skipped: 0 };
const [status, ...paths] = process.argv.slice(2);
for (const path of paths) {
  const counts = existsSync(path) ? countsOf(JSON.parse(readFileSync(path, "utf8"))) : undefined;
  if (counts === undefined) console.error(`no results in ${path}: counted as one failure`);
  const { passed, failed, skipped = 0 } = counts ?? { passed: 0, failed: 1 };
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}
if (status !== "0" && total.failed === 0) {
  // An error outside all tests, such as a rejection that nobody handled.
  console.error(`every test passed, but a run ended with exit code ${status}: counted as one failure`);
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
