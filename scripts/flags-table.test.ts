/** The tables in the guide to a node's configuration say what the flags say, as they are built. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fileKeyOf } from "../packages/server/dist/config/config-file.js";
import { fallbackText } from "../packages/server/dist/config/flag.js";
import { FLAGS, SETTING_KEYS } from "../packages/server/dist/config/flags.js";
import { NOT_CARRIED } from "../packages/server/dist/config/not-carried.js";
import { withTables } from "./flags-table/render.mjs";

const guide = readFileSync(new URL("../docs/guides/node-configuration.md", import.meta.url), "utf8");
const data = { FLAGS, SETTING_KEYS, NOT_CARRIED, fallbackText, fileKeyOf };

describe("the guide to a node's configuration", () => {
  it("has fresh tables (else: npm run build && node scripts/flags-table.mjs)", () => {
    expect(withTables(guide, data)).toBe(guide);
  });

  it("names every flag and every setting that is not carried", () => {
    for (const key of SETTING_KEYS)
      expect(guide.includes(`\`--${FLAGS[key].name}\``) || FLAGS[key].isHidden).toBe(true);
    for (const name of NOT_CARRIED.keys()) expect(guide).toContain(`\`--${name}\``);
  });

  it("is not taken without a place for them", () => {
    expect(() => withTables("# A guide", data)).toThrow("no place for flags");
  });
});
