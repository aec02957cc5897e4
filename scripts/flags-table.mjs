/**
 * `node scripts/flags-table.mjs`: writes the tables of flags in `docs/guides/node-configuration.md` anew, from the build.
 * `flags-table.test.ts` fails while they are not fresh.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withTables } from "./flags-table/render.mjs";
import { root } from "./workspace.mjs";

const GUIDE = join(root, "docs/guides/node-configuration.md");

const parts = await Promise.all(
  ["flags", "flag", "config-file", "not-carried"].map(
    (name) => import(join(root, `packages/server/dist/config/${name}.js`)),
  ),
);
writeFileSync(GUIDE, withTables(readFileSync(GUIDE, "utf8"), Object.assign({}, ...parts)));
