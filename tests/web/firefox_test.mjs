// SPDX-License-Identifier: Apache-2.0
// The dashboard of a running stack in Firefox, over WebDriver BiDi: `node firefox_test.mjs URL`.
import { existsSync } from "node:fs";
import { Bench, kViews, skip } from "./bench.mjs";

const kFirefox = "/usr/bin/firefox-esr";
if (!existsSync(kFirefox)) skip("there is no /usr/bin/firefox-esr");
const { default: puppeteer } = await import("puppeteer-core");

const base = process.argv[2];
const lab = new Bench();
const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: kFirefox,
  headless: true,
});

async function everyView() {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 860 });
  const troubles = [];
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(String(error)));
  for (const [name, view] of Object.entries(kViews)) {
    await page.goto(base + view.hash);
    await page.waitForSelector("body[data-phase=live]");
    const ready = view.ready
      .split(", ")
      .map((one) => one.trim())
      .join(", ");
    await page.waitForSelector(ready);
    const title = await page.$eval("h1", (one) => one.textContent);
    const wide = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    lab.equal(`${name} is shown, as wide as the window`, [title, wide], [view.title, 0]);
    if (process.env.STRATA_PICTURES) {
      await page.screenshot({ path: `${process.env.STRATA_PICTURES}/firefox-${name}.png` });
    }
  }
  lab.equal("nothing is logged", troubles, []);
  await page.close();
}

async function aConnection() {
  const page = await browser.newPage();
  await page.goto(`${base}#/connections`);
  await page.waitForSelector("tbody .row-link");
  await page.evaluate(() => document.querySelector("tbody tr td:nth-child(3)").click());
  await page.waitForSelector(".advice p");
  await page.waitForSelector(".plot canvas");
  lab.check("a connection opens, and its plots are drawn", true);
  await page.close();
}

await lab.run([everyView, aConnection]);
await browser.close();
