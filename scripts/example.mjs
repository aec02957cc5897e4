/**
 * `npm run example <name> [-- flags]`: runs a built example. Without a name it lists them.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root, runInForeground } from "./workspace.mjs";

const folder = join(root, "examples");
const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, "main.ts")));

const [name, ...args] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  const wrong = name === undefined || name.startsWith("-") ? "" : `There is no example ${JSON.stringify(name)}.\n`;
  console.error(`${wrong}usage: npm run example <name> [-- flags]\n\n${names.map((each) => `  ${each}`).join("\n")}`);
  process.exitCode = 2;
} else if (!existsSync(join(folder, "dist", name, "main.js"))) {
  console.error(`The example is not built: run npm run build first.`);
  process.exitCode = 2;
} else {
  process.exitCode = await runInForeground(`examples/dist/${name}/main.js`, args);
}
