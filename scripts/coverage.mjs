/**
 * `node scripts/coverage.mjs`: writes `docs/coverage.md` anew, from the facts of etcd's contract, the evidence that the
 * integration tests have recorded, and the build. `coverage.test.ts` fails while it is not fresh.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtServer } from "./coverage-table/built.mjs";
import { coverageOf } from "./coverage-table/coverage.mjs";
import { renderCoverage } from "./coverage-table/render.mjs";
import { root } from "./workspace.mjs";

writeFileSync(join(root, "docs/coverage.md"), renderCoverage(coverageOf(root, await builtServer(root))));
