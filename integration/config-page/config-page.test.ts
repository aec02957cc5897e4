/** The page of the config service in a real browser: it follows etcd without a reload, and shows what is refused. */
import { execFileSync } from "node:child_process";
import { type Client, createClient } from "@kvorum/client";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../support/etcd.js";
import { startExample, untilPrinted } from "../support/example.js";
import { startKvorum } from "../support/kvorum.js";
import type { RunningProcess } from "../support/process.js";

/** Where the browser is, or undefined where there is none. */
function findChromium(): string | undefined {
  for (const name of [process.env["CHROMIUM_BIN"], "chromium", "chromium-browser", "google-chrome"]) {
    if (name === undefined || name === "") continue;
    try {
      return execFileSync("sh", ["-c", 'command -v "$0"', name], { encoding: "utf8" }).trim();
    } catch {
      // The next name.
    }
  }
  return undefined;
}

const executablePath = findChromium();
const missing =
  executablePath === undefined ? "skipped: no Chromium (set CHROMIUM_BIN or install Debian's chromium)" : "";
if (missing !== "") console.log(`config-page ${missing}`);

describe.skipIf(missing !== "")(`the config page in Chromium ${missing}`, () => {
  let server: TestServer;
  let example: RunningProcess;
  let client: Client;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    server = await startKvorum();
    client = createClient({ endpoints: server.endpoint });
    example = await startExample("config-service", ["--endpoints", server.endpoint, "--port", "0"]);
    const url = await untilPrinted(example, /listening on (\S+)/);
    browser = await chromium.launch({ executablePath: executablePath ?? "", args: ["--no-sandbox"] });
    page = await browser.newPage({ viewport: { width: 900, height: 820 } });
    page.setDefaultTimeout(10_000);
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.goto(url);
    // A reload would lose it, so it proves that what follows happened in one and the same document.
    await page.evaluate("window.sameDocument = true");
  });

  afterAll(async () => {
    await browser?.close();
    await example?.stop("SIGTERM");
    await client?.close();
    await server?.stop();
  });

  const setting = (key: string): Promise<string> => page.inputValue(`[name=${key}]`);
  const untilSetting = (key: string, value: string): Promise<void> =>
    expect.poll(() => setting(key), { timeout: 10_000 }).toBe(value);
  const newest = (): Locator => page.locator("#history li").first();
  const untilNewest = (text: string): Promise<void> => newest().filter({ hasText: text }).waitFor();

  it("shows the values", async () => {
    await untilSetting("app_name", "kvorum-demo");
    expect([await setting("port"), await setting("timeout")]).toEqual(["8080", "30"]);
    await page.waitForSelector("#connection.live");
  });

  it("shows a change made through etcd without a reload", async () => {
    await client.put("/config/timeout", "45");
    await untilSetting("timeout", "45");
    expect(await newest().textContent()).toMatch(/accepted[\s\S]*timeout 30 → 45/);
  });

  it("shows a refused value as refused and keeps the last good one", async () => {
    await client.put("/config/port", "99999");
    await page.waitForSelector("#history li.refused");
    expect(await newest().textContent()).toMatch(/refused[\s\S]*port 8080 → 99999[\s\S]*port must be 65535 or less/);
    expect(await setting("port")).toBe("8080");
    expect(await page.textContent("#problem")).toContain("port must be 65535 or less");
    await client.put("/config/port", "9090");
    await untilSetting("port", "9090");
    expect(await page.isVisible("#problem")).toBe(false);
  });

  it("saves what is edited in the page", async () => {
    await page.fill("[name=app_name]", "edited here");
    await page.press("[name=app_name]", "Enter");
    await untilNewest("edited here");
    expect((await client.get("/config/app_name"))?.value).toBe("edited here");
  });

  it("says why an edit is refused, and does not write it", async () => {
    await page.fill("[name=timeout]", "soon");
    await page
      .locator("form", { has: page.locator("[name=timeout]") })
      .getByRole("button")
      .click();
    const error = page.locator(".error:visible");
    await error.waitFor();
    expect(await error.textContent()).toBe("timeout must be a whole number");
    expect((await client.get("/config/timeout"))?.value).toBe("45");
    await page.fill("[name=timeout]", "45");
  });

  it("tells an editor that somebody else was faster", async () => {
    await page.fill("[name=timeout]", "50");
    await client.put("/config/timeout", "60");
    await untilNewest("45 → 60");
    await page.press("[name=timeout]", "Enter");
    const error = page.locator(".error:visible");
    await error.waitFor();
    expect(await error.textContent()).toContain('changed it to "60"');
    expect((await client.get("/config/timeout"))?.value).toBe("60");
    await page.press("[name=timeout]", "Enter");
    await untilNewest("60 → 50");
  });

  it("shows text from etcd as text", async () => {
    await client.put("/config/app_name", "<img src=x onerror=alert(1)>");
    await untilSetting("app_name", "<img src=x onerror=alert(1)>");
    expect(await page.locator("#history img").count()).toBe(0);
  });

  it("did all of that in one document, without an error of its own", async () => {
    expect(await page.evaluate("window.sameDocument")).toBe(true);
    // The two refusals above are answers with status 400 and 409, which the browser reports as such.
    expect(problems.filter((text) => !/status of 4(?:00|09)/.test(text))).toEqual([]);
  });
});
