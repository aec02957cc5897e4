/**
 * Every script in `testdata/` is played and must give the recorded answers. After a wanted change of behaviour record
 * them anew with `KVORUM_RERECORD=1 vitest run --project unit transcript` and read the difference line by line.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Transcript } from "./transcript.js";

const directory = new URL("./testdata/", import.meta.url);
const rerecord = process.env["KVORUM_RERECORD"] === "1";

describe("raft transcripts", () => {
  for (const name of readdirSync(fileURLToPath(directory)).filter((file) => file.endsWith(".txt"))) {
    it(`${name} gives the recorded answers`, () => {
      const path = fileURLToPath(new URL(name, directory));
      const recorded = readFileSync(path, "utf8");
      const played = new Transcript().replay(recorded);
      if (rerecord) writeFileSync(path, played);
      else expect(played).toBe(recorded);
    });
  }
});
