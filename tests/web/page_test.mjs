#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The dashboard in Chromium, served by a double of the stack (fake_server.mjs): every view, by
// mouse and by keyboard, wide and narrow, light and dark, with ten thousand connections, and with a
// stack that goes and comes back. `--pictures FOLDER` takes a picture of every view instead.
import { Bench, kViews, launch, openPage, overflow, seriousFindings, visit } from "./bench.mjs";
import { startFake } from "./fake_server.mjs";
import { takePictures } from "./pictures.mjs";

const lab = new Bench();
const browser = await launch();
const fake = await startFake();
const base = `http://127.0.0.1:${fake.port}/`;
const text = (page, selector) => page.locator(selector).first().innerText();
const waitText = (page, selector, pattern) =>
  page.waitForFunction(
    ([where, source]) => new RegExp(source).test(document.querySelector(where)?.innerText ?? ""),
    [selector, pattern],
  );

async function viewsInBothThemes() {
  for (const colorScheme of ["light", "dark"]) {
    const { page, troubles, close } = await openPage(browser, { colorScheme });
    for (const [name, view] of Object.entries(kViews)) {
      await visit(page, base, view);
      lab.equal(
        `${name}, ${colorScheme}: axe-core finds nothing serious`,
        await seriousFindings(page),
        [],
      );
    }
    await page.goto(`${base}#/connections/3`);
    await page.waitForSelector(".segment");
    lab.equal(
      `a connection, ${colorScheme}: axe-core finds nothing serious`,
      await seriousFindings(page),
      [],
    );
    lab.equal(`${colorScheme}: nothing is logged, refused or missing`, troubles, []);
    await close();
  }
}

async function themeSwitch() {
  const { page, close } = await openPage(browser, { colorScheme: "light" });
  await visit(page, base, kViews.overview);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.click("#theme");
  await page.click("#theme");
  const dark = await background();
  lab.check("the switch makes the page dark", light !== dark, `${light} ${dark}`);
  await page.reload();
  await page.waitForSelector("body[data-phase=live]");
  lab.equal("and it stays dark when the page is loaded again", await background(), dark);
  await close();
}

async function otherPath() {
  const { page, troubles, close } = await openPage(browser);
  for (const view of Object.values(kViews)) await visit(page, `${base}_strata/`, view);
  await visit(page, `${base}_strata/`, kViews.overview);
  const timers = page.locator(".card", { has: page.locator("h2:text-is('Timers')") });
  await timers.getByText("412").waitFor();
  lab.check(
    "the timers' health stands beside the pools'",
    /Too late\s*3\b/.test(await timers.innerText()),
    await timers.innerText(),
  );
  lab.equal("all views work below /_strata/", troubles, []);
  await close();
}

async function narrowScreen() {
  const { page, troubles, close } = await openPage(browser, {
    viewport: { width: 360, height: 740 },
  });
  for (const [name, view] of Object.entries(kViews)) {
    await visit(page, base, view);
    lab.equal(`${name}: 360 pixels are wide enough`, await overflow(page), 0);
  }
  await page.goto(`${base}#/connections/3`);
  await page.waitForSelector(".segment");
  lab.equal("a connection: 360 pixels are wide enough", await overflow(page), 0);
  lab.equal("a narrow page logs nothing", troubles, []);
  await close();
}

async function manyConnections() {
  const many = await startFake({ connections: 10000 });
  const { page, troubles, close } = await openPage(browser);
  await visit(page, `http://127.0.0.1:${many.port}/`, kViews.connections);
  const rows = page.locator("tbody tr");
  lab.equal("of ten thousand connections fifty are rows", await rows.count(), 50);
  lab.check(
    "the pager tells how many there are",
    /of 10,000 connections/.test(await text(page, ".pager")),
  );
  await page.click(".pager button:text-is('Next')");
  await waitText(page, ".pager .range", "^51–100");
  await page.selectOption(".pager select", "250");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 250);
  lab.check("a page has 250 rows when it is told to", true);
  const elements = await page.evaluate(() => document.querySelectorAll("*").length);
  lab.check("elements are bounded by the page, not by the stack", elements < 9000, elements);

  await page.click("th button:text-is('Sent')");
  await page.waitForSelector("th[aria-sort=descending] button:text-is('Sent')");
  const sorted = () => many.log.findLast((one) => one.watch === "connections");
  lab.equal("a click sorts from the largest", sorted().sort, "-sent");
  await page.click("th button:text-is('Sent')");
  await page.waitForSelector("th[aria-sort=ascending] button:text-is('Sent')");
  lab.equal("another one from the smallest", sorted().sort, "sent");

  await page.fill("input[type=search]", "fd77:");
  await waitText(page, ".pager .range", "that match");
  const remotes = await page.locator("tbody .row-link").allInnerTexts();
  lab.check(
    "a filter leaves what matches",
    remotes.every((one) => one.includes("fd77:")),
    remotes[0],
  );
  await page.fill("input[type=search]", "fd77:1");
  await page.click("#nav a[data-view=drops]");
  await page.waitForTimeout(600);
  lab.equal("what was typed last does not call a view back", new URL(page.url()).hash, "#/drops");
  await page.goBack();
  await page.waitForSelector("tbody tr");
  await page.click("th button:text-is('Sent')");
  await page.click("th button:text-is('Sent')");
  await page.fill("input[type=search]", "no such thing");
  await page.waitForSelector(".empty strong:text-is('No connection')");
  lab.check("a filter that nothing matches says so", true);
  await page.reload();
  await page.waitForSelector("input[type=search]");
  lab.equal(
    "the address keeps sorting and filter",
    [await page.inputValue("input[type=search]"), new URL(page.url()).hash.includes("sort=sent")],
    ["no such thing", true],
  );
  lab.equal("nothing is logged", troubles, []);
  await close();
  await many.stop();
}

async function connectionDetail() {
  const { page, troubles, close } = await openPage(browser);
  await visit(page, base, kViews.connections);
  await page.locator("tbody tr").nth(2).locator("td").nth(3).click();
  await page.waitForSelector(".segment[data-kind=fast]");
  lab.check(
    "a click on a row opens the connection",
    /connections\/\d+$/.test(page.url()),
    page.url(),
  );
  lab.check("the doctor's sentence stands above", (await text(page, ".advice p")).length > 20);
  await page.waitForSelector(".segment[data-kind=timeout]");
  await page.waitForSelector(".segment[data-kind=sack]");
  await page.waitForFunction(() => document.querySelectorAll(".segment").length === 60);
  lab.check("the ladder shows loss, SACK and repairs, and no more than sixty segments", true);
  lab.equal("three plots are drawn", await page.locator(".plot canvas").count(), 3);
  await page.click("button:text-is('Pause')");
  const ladder = () => page.locator(".ladder").textContent();
  const before = await ladder();
  await page.waitForTimeout(1200);
  lab.equal("a paused ladder stands still", await ladder(), before);
  lab.equal("nothing is logged", troubles, []);
  await page.goto(`${base}#/connections/nonsense`);
  await page.waitForSelector(".notice");
  lab.check("a connection that is gone is said to be", /gone/.test(await text(page, ".notice")));
  await close();
}

// In words and in colour: why a packet was dropped, and what TCP has to say.
async function remarksOnPackets(page) {
  const colour = (selector) =>
    page.evaluate((one) => getComputedStyle(document.querySelector(one)).color, selector);
  await page.focus(".packet-list");
  await page.keyboard.press("Home");
  await page.waitForSelector(".packet[data-dropped=yes]");
  const line = await page.locator(".packet[data-dropped=yes] .p-line").first().innerText();
  lab.check(
    "a packet that was dropped says so, and why, in plain words",
    /– dropped: arp_not_for_us: The ARP message asks/.test(line),
    line,
  );
  lab.check(
    "and has a colour of its own",
    (await colour(".packet[data-dropped=yes] .p-line")) !==
      (await colour(".packet[data-dropped='']:not([data-remark=yes]) .p-line")),
  );
  await page.locator(".packet[data-dropped=yes]").first().click();
  await page.waitForSelector(".notice[data-tone=bad]");
  lab.check(
    "its detail says it once more",
    /^dropped: arp_not_for_us/.test(await text(page, ".notice[data-tone=bad]")),
  );
  const remark = await page.locator(".packet[data-remark=yes][data-dropped=''] .p-remark");
  lab.check(
    "what TCP says stands beside the line",
    /Sent again/.test(await remark.first().innerText()),
  );
}

async function packetsToTheBit() {
  const { page, troubles, close } = await openPage(browser);
  await visit(page, base, kViews.packets);
  await waitText(page, ".pager .note", "^(\\d{2}|\\d{3}) kept .*quickly");
  lab.check("what was missed is told", true);
  await page.click("button:text-is('Pause')");
  await remarksOnPackets(page);
  await page.focus(".packet-list");
  await page.keyboard.press("End");
  for (let i = 0; i < 3; i += 1) await page.keyboard.press("ArrowUp");
  await page.waitForSelector(".tree");
  const active = await page.getAttribute(".packet-list", "aria-activedescendant");
  lab.equal(
    "the keyboard chooses a packet",
    await page.getAttribute(`#${active}`, "aria-selected"),
    "true",
  );
  await page.keyboard.press("Home");
  await page.waitForSelector(`h2:text-is("Packet 1")`);
  await page.focus(".tree [role=treeitem]");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("End");
  await page.locator(".field-line", { hasText: "Fragment offset" }).click();
  const lit = await page.evaluate(() =>
    [...document.querySelectorAll(".bits i")].map((bit) => (bit.className ? "1" : "0")).join(""),
  );
  lab.equal("thirteen bits of the fragment offset are lit", lit, "0001111111111111");
  const nibbles = await page.evaluate(() =>
    [...document.querySelectorAll(".byte i")].flatMap((one, index) =>
      one.className ? [`${index}${one.className}`] : [],
    ),
  );
  lab.equal("in the dump a nibble in part and three in full", nibbles, [
    "40part",
    "41full",
    "42full",
    "43full",
  ]);
  await page.locator(".byte").nth(22).click();
  const chosen = await text(page, "li[aria-selected=true] .field-name");
  lab.equal("a byte of the dump chooses its field", chosen, "TTL");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  lab.equal(
    "the left arrow closes the layer",
    await page.getAttribute("li[aria-selected=true]", "aria-expanded"),
    "false",
  );
  lab.equal("nothing is logged", troubles, []);
  await close();
}

async function packetFilterAndBounds() {
  const { page, troubles, close } = await openPage(browser);
  await visit(page, base, kViews.packets);
  await waitText(page, ".pager .note", "^\\d{3} kept");
  const rows = await page.locator(".packet").count();
  lab.check("of hundreds of packets those in sight are elements", rows < 60, rows);
  await page.fill("input[name=filter]", "tcp port (");
  await page.keyboard.press("Enter");
  await waitText(page, "#filter-error", "cannot be compiled");
  lab.equal(
    "a filter that does not compile is marked",
    await page.getAttribute("input[name=filter]", "aria-invalid"),
    "true",
  );
  await page.fill("input[name=filter]", "arp");
  await page.click("button:text-is('Apply')");
  await page.waitForSelector(".packet");
  const lines = await page.locator(".packet .p-line").allInnerTexts();
  lab.check(
    "a filter leaves what it names",
    lines.length > 0 && lines.every((one) => one.startsWith("ARP")),
  );
  lab.equal("nothing is logged", troubles, []);
  await close();
}

async function captureWithToken() {
  const { page, close } = await openPage(browser);
  await visit(page, base, kViews.capture);
  await page.click("button:text-is('Start')");
  await page.waitForSelector("#token");
  lab.check("who has no token is asked for it", true);
  await page.fill("#token", "guess");
  await page.keyboard.press("Enter");
  await waitText(page, ".token-form .note", "did not take");
  lab.check("a wrong one is refused, and asked for again", true);
  await page.fill("#token", "secret");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".badge:text-is('capturing')");
  lab.equal(
    "the right one starts; nothing that other pages read keeps it",
    await page.evaluate(() =>
      [sessionStorage, localStorage].map((store) => Object.values(store).includes("secret")),
    ),
    [false, false],
  );
  await waitText(page, ".facts dd", "^[1-9]");
  await page.click("button:text-is('Stop')");
  await page.waitForSelector(".badge:text-is('idle')");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.click("a:text-is('Download')"),
  ]);
  lab.equal("what was captured can be had", download.suggestedFilename(), "strata.pcapng");
  await page.fill("#capture-filter", "port (");
  await page.click("button:text-is('Start')");
  await waitText(page, "#capture-error", "cannot be compiled");
  lab.check("a filter that does not compile is told", true);
  await close();
}

// Every stop of the Tab key must be seen, and Enter must do what a click does.
async function keyboardOnly() {
  const { page, close } = await openPage(browser);
  await visit(page, base, kViews.overview);
  const focused = () =>
    page.evaluate(() => {
      const at = document.activeElement;
      const style = getComputedStyle(at.matches(".segments input") ? at.nextElementSibling : at);
      return {
        name: at.id || at.textContent.trim() || at.getAttribute("aria-label") || at.tagName,
        isSeen: style.outlineStyle !== "none",
      };
    });
  await page.keyboard.press("Tab");
  lab.equal("the first stop skips the list of views", (await focused()).name, "skip");
  const stops = [];
  for (let i = 0; i < 12; i += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement === document.body)) continue;
    stops.push(await focused());
  }
  lab.equal(
    "every stop is seen",
    stops.filter((stop) => !stop.isSeen),
    [],
  );
  lab.check(
    "every view is a stop",
    Object.values(kViews).every((view) => stops.some((stop) => stop.name.startsWith(view.title))),
    JSON.stringify(stops),
  );
  await page.focus("#nav a[data-view=connections]");
  await page.keyboard.press("Enter");
  await page.waitForSelector("tbody tr");
  lab.equal(
    "Enter opens a view, and reading goes on at its title",
    await page.evaluate(() => document.activeElement.tagName),
    "H1",
  );
  for (let i = 0; i < 30; i += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement.matches(".row-link"))) break;
  }
  await page.waitForTimeout(2500);
  lab.check(
    "focus stays in the table while it moves",
    await page.evaluate(() => document.activeElement.matches(".row-link")),
  );
  await page.keyboard.press("Enter");
  await page.waitForSelector(".ladder");
  lab.check("Enter opens a connection", true);
  await close();
}

async function strangeText() {
  const odd = await startFake({ connections: 3 });
  odd.stack.name = "<img src=x onerror=alert(1)>";
  odd.stack.connections[0].limited_by = "<script>alert(1)</script>";
  odd.stack.drops[0].explanation = "<b>bold</b>";
  const { page, troubles, close } = await openPage(browser);
  const oddBase = `http://127.0.0.1:${odd.port}/`;
  for (const name of ["overview", "connections", "drops"]) await visit(page, oddBase, kViews[name]);
  lab.equal(
    "markup in an answer is text",
    [
      await page.locator("td b, main img, main script").count(),
      await page.locator("td", { hasText: "<b>bold</b>" }).count(),
      troubles,
    ],
    [0, 1, []],
  );
  await close();
  await odd.stop();
}

async function hiddenPage() {
  const { page, close } = await openPage(browser);
  await visit(page, base, kViews.packets);
  fake.log.length = 0;
  const hide = (hidden) =>
    page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await hide(true);
  await page.waitForTimeout(300);
  lab.equal(
    "a page in the background asks for a status every five seconds",
    [
      fake.log.some((one) => one.unwatch === "packets"),
      fake.log.find((one) => one.watch === "status")?.every_ms,
    ],
    [true, 5000],
  );
  await hide(false);
  await page.waitForTimeout(300);
  lab.equal(
    "and for everything when it is seen again",
    [
      fake.log.some((one) => one.watch === "packets"),
      fake.log.findLast((one) => one.watch === "status")?.every_ms,
    ],
    [true, 1000],
  );
  await close();
}

async function stackThatComesBack() {
  const first = await startFake();
  const { page, close } = await openPage(browser);
  await visit(page, `http://127.0.0.1:${first.port}/`, kViews.overview);
  await first.stop();
  await page.waitForSelector("body[data-phase=lost]");
  lab.check("a stack that goes is missed", /Disconnected/.test(await text(page, "#link-state")));
  const second = await startFake({ port: first.port });
  await page.waitForSelector("body[data-phase=live]");
  await page.waitForFunction(() =>
    /\/s/.test(document.querySelectorAll(".tile-value")[1].innerText),
  );
  lab.check("the page comes back by itself, and counts from there", second.log.length > 0);
  await close();
  await second.stop();
}

const pictures = process.argv.indexOf("--pictures");
if (pictures > 0) {
  await takePictures(browser, base, process.argv[pictures + 1]);
} else {
  await lab.run([
    viewsInBothThemes,
    themeSwitch,
    otherPath,
    narrowScreen,
    manyConnections,
    connectionDetail,
    packetsToTheBit,
    packetFilterAndBounds,
    captureWithToken,
    keyboardOnly,
    strangeText,
    hiddenPage,
    stackThatComesBack,
  ]);
}
await browser.close();
await fake.stop();
