/** The guide to the gateway: its commands run as they stand there and print what stands below them. */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../support/etcd.js";
import { startKvorum } from "../support/kvorum.js";
import { textOf } from "./snippets.js";
import { Terminal } from "./terminal.js";

const GUIDE = "docs/guides/http-gateway.md";

interface Command {
  readonly text: string;
  /** Matches what it prints; `…` in the guide is anything. */
  readonly prints: RegExp;
}

/** Commands end with the lines that they print, each behind a `#`. */
function commandsOf(guide: string): readonly Command[] {
  const blocks = [...guide.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = ""]) => block.split("\n\n"));
  return blocks.map((block) => {
    const lines = block.trimEnd().split("\n");
    const shown = lines.filter((line) => line.startsWith("# ")).map((line) => line.slice(2));
    const pattern = shown.map((line) => line.split("…").map(escaped).join(".*")).join("\\n");
    return { text: lines.filter((line) => !line.startsWith("# ")).join("\n"), prints: new RegExp(`^${pattern}\\n?$`) };
  });
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

describe("the guide to the gateway", () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startKvorum();
  });
  afterAll(async () => server.stop());

  it("does what it shows", async () => {
    const commands = commandsOf(textOf(GUIDE));
    expect(commands.length).toBeGreaterThan(12);
    await using terminal = await Terminal.open();
    for (const { text, prints } of commands) {
      const output = await terminal.run(text.replaceAll("http://127.0.0.1:2379", server.endpoint));
      expect(output, text).toMatch(prints);
    }
  });

  it("names only what there is", () => {
    const guide = textOf(GUIDE);
    const paths = [
      ...[...guide.matchAll(/`(integration\/[^`\s]+\.ts)`/g)].map(([, path = ""]) => path),
      ...[...guide.matchAll(/\]\((?!http)([^)#]+)/g)].map(([, path = ""]) => `docs/guides/${path}`),
    ];
    expect(paths.length).toBeGreaterThan(2);
    expect(paths.filter((path) => !existsSync(new URL(`../../${path}`, import.meta.url)))).toEqual([]);
  });
});
