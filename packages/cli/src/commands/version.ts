/** `version`: what this program is, and the level of etcd's API that it speaks. */
import { readFileSync } from "node:fs";
import { type Command, defineCommand } from "../command.js";

/** The flags and texts are those of etcdctl at this level. */
const API_VERSION = "3.6";

export const version: Command = defineCommand({
  usage: "",
  flags: {},
  run: async ({ print }) => {
    const own = packageVersion();
    print({
      simple: (out) => out.line(`kvorumctl version: ${own}`).line(`API version: ${API_VERSION}`),
      json: () => ({ kvorumctlversion: own, apiversion: API_VERSION }),
    });
  },
});

/** The same file lies above the sources and above the build. */
function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
