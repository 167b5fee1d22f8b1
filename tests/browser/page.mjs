// A page in a real Chromium: opened, checked for accessibility in every dress, pictured.

import { readFile, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { chromium } from "playwright-core";

const LIMIT = 15_000;
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Fails with what was expected. */
export function expect(truth, message) {
  if (!truth) throw new Error(`expected: ${message}`);
}

/** Opens `url`, hands the page to `act`, then has axe look at it in each dress. */
export async function open(url, picture, act) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", timezoneId: "Europe/Paris" });
    context.setDefaultTimeout(LIMIT);
    const page = await context.newPage();
    const complaints = [];
    page.on("console", (message) => {
      // Refusals are part of the play.
      if (message.type() === "error" && !/ (401|421|503) /.test(message.text())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== new URL(url).origin && !request.url().startsWith("data:") && !request.url().startsWith("blob:"))
        complaints.push(`asks elsewhere: ${request.url()}`);
    });
    await page.goto(url);
    await act(page);
    for (const colorScheme of ["dark", "light"]) {
      for (const width of [400, 1280]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        await check(page, `${picture} ${colorScheme} at ${width} px`);
      }
    }
    const folder = process.env.PICTURES;
    if (folder) {
      await mkdir(folder, { recursive: true });
      await page.evaluate(() => { document.activeElement?.blur(); scrollTo(0, 0); });
      await page.screenshot({ path: path.join(folder, `${picture}.png`), fullPage: true });
    }
    expect(complaints.length === 0, `a silent console, not ${complaints.join("; ")}`);
  } finally {
    await browser.close();
  }
}

async function check(page, dress) {
  // Past the page's own policy, which lets no script in but its own.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const told = violations.map((one) => `${one.id}: ${one.help} (${one.nodes.map((node) => node.target.join(" ")).join(", ")})`);
  expect(told.length === 0, `no barrier in ${dress}, not ${told.join("; ")}`);
  const overflows = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  expect(!overflows, `nothing wider than the window in ${dress}`);
}
