// An app behind schemagate, as somebody uses it whose page is refused: `node example.mjs VIEW URL`. $MEND is the command that mends.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, open } from "./page.mjs";

const [view, url] = process.argv.slice(2);

const views = {
  async mended(page) {
    await page.getByRole("heading", { name: "Shop" }).waitFor();
    await page.getByRole("link", { name: "Customers" }).click();
    await page.getByRole("heading", { name: "We’ll be right back" }).waitFor();
    expect(!(await page.content()).includes("agreement"), "no name of what is missing");
    const refused = await page.evaluate(() => performance.getEntriesByType("navigation")[0].responseStatus);
    expect(refused === 503, `a refusal, not ${refused}`);

    await promisify(execFile)("sh", ["-c", process.env.MEND]);
    const limit = Date.now() + 15_000;
    while (!(await page.request.get(new URL("/api/customers", url).href)).ok()) expect(Date.now() < limit, "open within 15 s");

    // In the tab that was refused, by what its page offers: neither is the address typed anew, nor is it a hard refresh.
    const [again, app] = [page.getByRole("link", { name: "Try again" }), page.getByRole("heading", { name: "Customers" })];
    await again.or(app).first().waitFor();
    // The page reloads itself, too, and may have been faster.
    if (await again.isVisible()) await again.click({ timeout: 5_000 }).catch(() => undefined);
    await app.waitFor();
    await page.getByText("Ada").waitFor();
    expect(page.url().endsWith("/customers"), `the same address, not ${page.url()}`);
  },
};

await open(url, `example-${view}`, views[view]);
