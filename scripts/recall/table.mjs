/** The table of all historic bugs in the README of their folder: a row a bug, with what notices it or why there is no patch. */
import { readFileSync } from "node:fs";
import { root } from "../workspace.mjs";
import { FOLDER } from "./patch.mjs";

/** A row without a patch says why in its last column, after this. */
const LEFT_OUT = "left out: ";

/** @returns {import("./table.d.mts").Row[]} */
export function readTable() {
  const rows = readFileSync(`${root}${FOLDER}/README.md`, "utf8").matchAll(/^\| *(\d+) *\| (.*?) *\| ([^|]*?) *\|$/gm);
  return [...rows].map(([, number, bug, caughtBy]) => ({
    ...{ number: Number(number), bug, caughtBy: caughtBy.replaceAll("`", "") },
    leftOut: caughtBy.startsWith(LEFT_OUT) ? caughtBy.slice(LEFT_OUT.length) : undefined,
  }));
}
