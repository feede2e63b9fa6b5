// SPDX-License-Identifier: Apache-2.0
// What every script about the page stands on: a browser, a list of checks, and what a page may not
// do: log an error, break the content policy, ask for what is not there.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";

export const kChromium = "/usr/bin/chromium";
const kArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function skip(reason) {
  console.log(`skipped: ${reason}`);
  process.exit(77);
}

export const kViews = {
  overview: { hash: "#/", title: "Overview", ready: ".plot canvas" },
  connections: { hash: "#/connections", title: "Connections", ready: "tbody tr" },
  sockets: { hash: "#/sockets", title: "Sockets", ready: "tbody tr" },
  network: { hash: "#/network", title: "Network", ready: "tbody tr" },
  drops: { hash: "#/drops", title: "Drops", ready: "table, .empty strong" },
  packets: { hash: "#/packets", title: "Packets", ready: ".packet, .empty strong" },
  capture: { hash: "#/capture", title: "Capture", ready: "form .badge, .card .badge" },
};

export class Bench {
  constructor() {
    this.passed = 0;
    this.failed = 0;
  }

  check(name, truth, detail = "") {
    if (truth) this.passed += 1;
    else this.failed += 1;
    console.log(truth ? `ok ${name}` : `not ok (failed) ${name}`);
    if (!truth && detail !== "") console.log(`    ${String(detail).slice(0, 2000)}`);
  }

  equal(name, is, wanted) {
    this.check(
      name,
      JSON.stringify(is) === JSON.stringify(wanted),
      `is ${JSON.stringify(is)}, wanted ${JSON.stringify(wanted)}`,
    );
  }

  // Runs the parts one after the other; one that throws has failed, and the next begins.
  async run(parts) {
    for (const part of parts) {
      try {
        await part();
      } catch (error) {
        this.check(`${part.name} runs to its end`, false, error.stack ?? error);
      }
    }
    console.log(`${this.passed} passed, ${this.failed} failed`);
    process.exitCode = this.failed === 0 ? 0 : 1;
  }
}

export async function launch() {
  if (!existsSync(kChromium)) skip("there is no /usr/bin/chromium");
  let playwright;
  try {
    playwright = await import("playwright-core");
  } catch {
    skip("playwright-core is missing: ./dev setup full");
  }
  return playwright.chromium.launch({ executablePath: kChromium, args: kArguments });
}

// A page of its own, and what went wrong in it. What a test provokes it takes out of the list.
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  const troubles = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) troubles.push(message.text());
  });
  page.on("pageerror", (error) => troubles.push(error.stack ?? String(error)));
  page.on("response", (response) => {
    if (response.status() >= 400) troubles.push(`${response.status()} ${response.url()}`);
  });
  return { page, troubles, close: () => context.close() };
}

export async function visit(page, base, view) {
  await page.goto(base + view.hash);
  await page.waitForSelector("body[data-phase=live]");
  await page.waitForSelector(`h1:text-is("${view.title}")`);
  await page.locator(view.ready).first().waitFor();
}

// What axe-core calls serious or critical, as text.
const axe = await readFile(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
).catch(() => skip("axe-core is missing: ./dev setup full"));
export async function seriousFindings(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ["violations"] }),
  );
  return found.violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map(
      (one) =>
        `${one.id}: ${one.help}: ${one.nodes
          .map((node) => node.html)
          .slice(0, 3)
          .join(" | ")}`,
    );
}

export const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
