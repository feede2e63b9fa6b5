// SPDX-License-Identifier: Apache-2.0
// A picture of every view in both themes, and of two of them on a phone, for docs/images.
import { join } from "node:path";
import { kViews, openPage, visit } from "./bench.mjs";

const kSecondsOfTraffic = 45;

async function chooseField(page) {
  await page.waitForTimeout(2000);
  await page.click("button:text-is('Pause')");
  await page.locator(".packet .p-line", { hasText: "HTTP" }).last().click();
  await page.locator(".field-line", { hasText: "Fragment offset" }).click();
  await page.mouse.move(640, 20);
}

async function pictureOfAll(browser, base, folder, theme) {
  const { page, close } = await openPage(browser, { colorScheme: theme });
  const shoot = (name) => page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
  // Plots are worth looking at when they have something to tell.
  await visit(page, base, kViews.overview);
  await page.waitForTimeout(kSecondsOfTraffic * 1000);
  await shoot("overview");
  await page.click("#nav a[data-view=drops]");
  await page.waitForTimeout(500);
  await shoot("drops");
  for (const name of ["connections", "sockets", "network", "capture", "packets"]) {
    await visit(page, base, kViews[name]);
    const height = { connections: 720, packets: 860 }[name] ?? 860;
    await page.setViewportSize({ width: 1280, height });
    if (name === "packets") await chooseField(page);
    await page.waitForTimeout(500);
    await shoot(name);
  }
  await page.goto(`${base}#/connections/3`);
  await page.waitForSelector(".segment[data-kind=timeout]");
  await page.waitForTimeout(700);
  await page.click("button:text-is('Pause')");
  await shoot("connection");
  await close();
}

async function pictureOfPhone(browser, base, folder) {
  const { page, close } = await openPage(browser, {
    viewport: { width: 360, height: 740 },
    deviceScaleFactor: 2,
    colorScheme: "dark",
  });
  await visit(page, base, kViews.overview);
  await page.waitForTimeout(12000);
  await page.screenshot({ path: join(folder, "phone-overview.png") });
  await visit(page, base, kViews.connections);
  await page.screenshot({ path: join(folder, "phone-connections.png") });
  await close();
}

export async function takePictures(browser, base, folder) {
  await Promise.all([
    pictureOfAll(browser, base, folder, "light"),
    pictureOfAll(browser, base, folder, "dark"),
    pictureOfPhone(browser, base, folder),
  ]);
}
