// The dashboard as an operator uses it: `node dashboard.mjs VIEW URL`.

import { expect, open } from "./page.mjs";

const [view, url] = process.argv.slice(2);

/** Presses Tab until `id` has the focus. */
async function tabTo(page, id) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement?.id) === id) return;
  }
  throw new Error(`#${id} cannot be reached by keyboard`);
}

const texts = (page, selector) => page.locator(selector).allInnerTexts();

const views = {
  async empty(page) {
    await page.getByText("Nothing is required yet.").waitFor();
    await page.getByText("Nothing was broken since schemagate started.").waitFor();
    expect(!(await page.locator("#tenants").isVisible()), "no tenants where there are none");
  },

  async broken(page) {
    await page.locator("#status", { hasText: "degraded" }).waitFor();
    await page.getByText("table orders is missing").first().waitFor();
    await page.getByText("npm run migrate").first().waitFor();
    await page.locator("#incidents", { hasText: "× block" }).waitFor();

    await tabTo(page, "find");
    await page.keyboard.type("orders");
    expect((await texts(page, "#routes th")).every((name) => name.includes("orders")), "routes that are called orders alone");
    await page.keyboard.press("Control+A");
    await page.keyboard.press("Delete");

    await tabTo(page, "as-markdown");
    const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
    expect(download.suggestedFilename() === "incidents.md", "incidents as Markdown");

    await page.locator("#proposal", { hasText: "not_there" }).waitFor();
  },

  async orders(page) {
    const orders = page.locator("#orders");
    await orders.locator("article", { hasText: "a short migration" }).waitFor();
    await orders.getByText("Requests of orders wait: 2 at this moment.").waitFor();
    await page.locator("#routes tr", { hasText: "orders" }).getByText("2 waiting").waitFor();
    await orders.getByText("Passes over unmet needs of route invoices.").waitFor();
    await orders.getByText("Blocks writes of hosts shop.example.").waitFor();
  },

  async refused(page) {
    await page.locator("#status", { hasText: "refused" }).waitFor();
    await page.locator("#trouble", { hasText: "421" }).waitFor();
    await page.locator("#trouble", { hasText: "hosts" }).waitFor();
    expect(!(await page.locator("#board").isVisible()), "nothing told to a page under another name");
    expect(!(await page.getByText("connection lost").isVisible()), "a refusal is no lost connection");
  },

  async tenants(page) {
    await page.getByText("990 ready, 10 not.").waitFor();
    await page.getByText("In 10 of 1000 tenants").waitFor();
    await page.locator("#found-tenants", { hasText: "the first 100 of 1000" }).waitFor();
    expect((await texts(page, "#tenant-rows tr:nth-child(-n+10) .pill")).every((word) => word === "broken"), "those that are not ready first");
    await tabTo(page, "find-tenant");
    await page.keyboard.type("T_77");
    await page.locator("#found-tenants", { hasText: "11 of 1000" }).waitFor();
    await page.keyboard.press("Control+A");
    await page.keyboard.type("t_100");
    await page.locator("#found-tenants", { hasText: "2 of 1000" }).waitFor();
    await page.locator("#tenant-rows", { hasText: "messages is missing" }).waitFor();
    await page.locator("#tenant-rows", { hasText: "migrate_schemas --schema=t_100" }).waitFor();
  },

  async login(page) {
    await page.getByLabel("Token").fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("That is not the token.").waitFor();
    expect(!(await page.locator("#board").isVisible()), "nothing told without the token");
  },

  async "logged-in"(page) {
    await page.getByLabel("Token").fill("s3cr3t");
    await page.keyboard.press("Enter");
    await page.locator("#status", { hasText: "ready" }).waitFor();
    expect(!(await page.locator("#login").isVisible()), "no question once it is answered");
  },
};

await open(url, `dashboard-${view}`, views[view]);
