// SPDX-License-Identifier: Apache-2.0
// The dashboard of a running stack in Chromium: `node real_test.mjs URL [TOKEN]`. For
// tests/interop/dashboard_test.py, which runs it beside a ping. `--reconnect` opens the page,
// prints "ready" and waits until the stack has gone and come back.
import { readFile } from "node:fs/promises";
import { Bench, kViews, launch, openPage, overflow, seriousFindings, visit } from "./bench.mjs";

const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const [base, token] = words;
const lab = new Bench();
const browser = await launch();

// For eyes: STRATA_PICTURES names a folder.
async function look(page, name) {
  const folder = process.env.STRATA_PICTURES;
  if (folder) await page.screenshot({ path: `${folder}/real-${name}.png` });
}

// A stack may be built without captures and their filters: then there is no such path.
const canCapture = (await fetch(`${base}api/capture`)).status === 200;
if (!canCapture) console.log("this stack neither captures nor filters for its page");
const isAbsence = (text) => !canCapture && /404/.test(text);

async function everyView() {
  for (const colorScheme of ["light", "dark"]) {
    const { page, troubles, close } = await openPage(browser, { colorScheme });
    for (const [name, view] of Object.entries(kViews)) {
      await visit(page, base, view);
      const findings = await seriousFindings(page);
      lab.equal(`${name}, ${colorScheme}: axe-core finds nothing serious`, findings, []);
      await look(page, `${name}-${colorScheme}`);
    }
    const unexpected = troubles.filter((text) => !isAbsence(text));
    lab.equal(`${colorScheme}: nothing is logged, refused or missing`, unexpected, []);
    await close();
  }
}

async function aPhone() {
  const { page, close } = await openPage(browser, { viewport: { width: 360, height: 740 } });
  for (const [name, view] of Object.entries(kViews)) {
    await visit(page, base, view);
    lab.equal(`${name}: 360 pixels are wide enough`, await overflow(page), 0);
  }
  await close();
}

async function firstPaint() {
  const { page, close } = await openPage(browser);
  await visit(page, base, kViews.overview);
  const paint = await page.evaluate(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
  );
  const files = await page.evaluate(() => performance.getEntriesByType("resource").length);
  console.log(`first contentful paint after ${Math.round(paint)} ms, ${files} files`);
  await page.waitForFunction(() =>
    /[1-9]/.test(document.querySelectorAll(".tile-value")[1].innerText),
  );
  lab.check("packets a second are told", true);
  await close();
}

// The page's own connections are among those it shows.
async function ownConnection() {
  const { page, troubles, close } = await openPage(browser);
  await visit(page, base, { ...kViews.connections, hash: "#/connections?sort=-sent" });
  await page.fill("input[type=search]", "established");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length > 0);
  await page.locator("tbody tr td").nth(3).click();
  await page.waitForSelector(".advice p");
  await page.waitForSelector(".plot canvas");
  lab.check("a connection opens", /connections\/.+/.test(page.url()), page.url());
  lab.check("its round trip was measured", /ms/.test(await page.innerText(".headline dd")));
  lab.equal("nothing is logged", troubles, []);
  await close();
}

// One of them is the page's own WebSocket, which never rests.
async function ladderOfItsOwn() {
  const { page, close } = await openPage(browser);
  await visit(page, base, { ...kViews.connections, hash: "#/connections?sort=age" });
  const links = await page.locator(".row-link").evaluateAll((all) => all.map((one) => one.href));
  let segments = 0;
  for (const link of links.slice(0, 12)) {
    await page.goto(link);
    await page.waitForSelector(".advice, .notice");
    await page.waitForTimeout(1500);
    segments = await page.locator(".segment").count();
    if (segments > 4) break;
  }
  lab.check("segments are drawn as they pass", segments > 4, segments);
  await look(page, "connection");
  const kinds = await page
    .locator(".segment")
    .evaluateAll((all) => all.map((one) => one.dataset.kind));
  lab.check(
    "data and acknowledgments are told apart",
    kinds.includes("out") && kinds.includes("ack"),
    kinds.join(" "),
  );
  await close();
}

async function packetsOfAPing() {
  const { page, troubles, close } = await openPage(browser);
  await visit(page, base, kViews.packets);
  await page.fill("input[name=filter]", "icmp");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelectorAll(".packet").length >= 4);
  await page.locator(".packet", { hasText: "ICMP echo" }).first().waitFor();
  await page.click("button:text-is('Pause')");
  const lines = await page.locator(".packet .p-line").allInnerTexts();
  if (canCapture) {
    lab.check(
      "the filter leaves the ping alone",
      lines.every((line) => line.includes("ICMP echo")),
      lines[0],
    );
  }
  // Where rows move under the pointer, the event itself is sent.
  await page.locator(".packet", { hasText: "ICMP echo" }).first().dispatchEvent("click");
  await page.waitForSelector(".tree [role=treeitem]");
  const layers = await page.locator(".layer-name").allInnerTexts();
  lab.check("it has three layers at least", layers.length >= 3, layers.join(", "));
  await page.locator(".tree > li").nth(1).locator(".field-line").first().click();
  lab.equal("its version of IP is four bits", await page.locator(".bits i.full").count(), 4);
  await look(page, "packet");
  lab.equal("nothing is logged", troubles, []);
  if (canCapture) await badFilter(page);
  await close();
}

async function badFilter(page) {
  await page.fill("input[name=filter]", "no such (");
  await page.keyboard.press("Enter");
  await page.waitForFunction(
    () =>
      document.querySelector("#filter-error").innerText !== "" ||
      document.querySelector("button[aria-pressed=true]"),
  );
  await page.click("button:text-is('Resume')");
  await page.waitForFunction(() => document.querySelector("#filter-error").innerText !== "");
  lab.check("a filter that does not compile is told", true);
}

async function captureWithToken() {
  const { page, close } = await openPage(browser);
  await visit(page, base, kViews.capture);
  await page.click("button:text-is('Start')");
  await page.fill("#token", "a guess");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() =>
    /did not take/.test(document.querySelector(".token-form .note").innerText),
  );
  lab.check("a wrong token is refused", true);
  await page.fill("#token", token);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".badge:text-is('capturing')");
  await page.waitForFunction(() => /^[1-9]/.test(document.querySelector(".facts dd").innerText));
  await page.click("button:text-is('Stop')");
  await page.waitForSelector(".badge:text-is('idle')");
  const click = page.click("a:text-is('Download')");
  const [download] = await Promise.all([page.waitForEvent("download"), click]);
  const bytes = await readFile(await download.path());
  lab.equal("what was captured is pcapng", bytes.subarray(0, 4).toString("hex"), "0a0d0d0a");
  if (process.env.STRATA_CAPTURED) await download.saveAs(process.env.STRATA_CAPTURED);
  await close();
}

// Pages that come, go and are broken off.
async function manyPages() {
  const all = await Promise.all(Array.from({ length: 6 }, () => openPage(browser)));
  for (let turn = 0; turn < 5; turn += 1) {
    await Promise.all(all.map(({ page }) => page.goto(base, { waitUntil: "commit" })));
  }
  await Promise.all(all.map(({ page }) => page.waitForSelector("body[data-phase=live]")));
  lab.check("six pages that are loaded again and again become live", true);
  await Promise.all(all.map(({ close }) => close()));
}

async function stackThatComesBack() {
  const { page, close } = await openPage(browser);
  await visit(page, base, kViews.overview);
  console.log("ready");
  await page.waitForSelector("body[data-phase=lost]", { timeout: 60000 });
  lab.check("a stack that goes is missed", true);
  await page.waitForSelector("body[data-phase=live]", { timeout: 60000 });
  lab.check("the page comes back by itself", true);
  await close();
}

const all = [
  everyView,
  aPhone,
  firstPaint,
  ownConnection,
  ladderOfItsOwn,
  packetsOfAPing,
  manyPages,
];
if (token && canCapture) all.push(captureWithToken);
await lab.run(process.argv.includes("--reconnect") ? [stackThatComesBack] : all);
await browser.close();
