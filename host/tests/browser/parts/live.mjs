// What happens shows by itself, and takes nothing away from who reads, types or has opened something.

import assert from "node:assert/strict";
import { test } from "node:test";

import { inTab } from "../tab.mjs";
import { until } from "../until.mjs";

/** Marks the document, so that a reload would be noticed. */
const mark = (page) => page.evaluate(() => { globalThis.isTheSame = true; });
const isTheSame = (page) => page.evaluate(() => globalThis.isTheSame === true);
const firstRow = (page) => page.locator("#list tbody tr").first();
const isFetch = (response) => response.request().headers()["x-live"] === "1";

/** Two whole looks of the page: the second began after this was called. */
async function looks(page) {
  for (let look = 0; look < 2; look += 1) await (await page.waitForResponse(isFetch)).finished();
}

export function live(scene) {
  test("the overview counts without a reload", async () => {
    await inTab(scene, async (page) => {
      await mark(page);
      const events = page.locator("#glance dd").first();
      const before = await events.innerText();
      await until("another number of events", async () => (await events.innerText()) !== before);
      assert.ok(await isTheSame(page));
    });
  });

  test("new events come in above while somebody types a filter", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/events?project=stream");
      await mark(page);
      const field = page.getByLabel("Kind");
      await field.pressSequentially("task.ana");
      const before = await firstRow(page).innerText();
      await until("another first row", async () => (await firstRow(page).innerText()) !== before);
      await field.pressSequentially("lysed");
      assert.equal(await field.inputValue(), "task.analysed");
      assert.ok(await isTheSame(page));
    });
  });

  test("a selection stays until it is let go, and then the page goes on", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/events?project=stream");
      const selected = await page.evaluate(() => {
        const cell = document.querySelector("#list tbody tr td:nth-child(4)");
        document.getSelection().selectAllChildren(cell);
        return document.getSelection().toString();
      });
      const before = await firstRow(page).innerText();
      await looks(page);
      assert.equal(await page.evaluate(() => document.getSelection().toString()), selected);
      assert.equal(await firstRow(page).innerText(), before);
      await page.evaluate(() => document.getSelection().removeAllRanges());
      await until("another first row", async () => (await firstRow(page).innerText()) !== before);
    });
  });

  test("what is opened stays open, and a further run shows beside it", async () => {
    await inTab(scene, async (page) => {
      const { rows } = await scene.host.api("/v1/events?project=birds&kind=task.completed&limit=1");
      await page.goto(`/events/${rows[0].id}`);
      await mark(page);
      const details = page.locator("details:not([open])").last();
      await details.locator("summary").click();
      const open = page.locator("details[open]");
      const [opened, texts] = [await open.count(), await open.last().innerText()];
      const runs = await page.locator("article.run").count();
      await scene.host.api(`/v1/events/${rows[0].id}/replay`, {});
      await until("a further run", async () => (await page.locator("article.run").count()) > runs);
      assert.ok(await open.count() >= opened);
      assert.ok((await open.allInnerTexts()).includes(texts), "it is the same that is open");
      assert.ok(await isTheSame(page));
    });
  });

  test("the keyboard stays where it was", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/events?project=stream");
      const link = page.locator("#list tbody tr a.id").first();
      await link.focus();
      const before = await firstRow(page).innerText();
      await until("another first row", async () => (await firstRow(page).innerText()) !== before);
      assert.ok(await page.evaluate(() => document.activeElement.closest("#list") !== null));
    });
  });

  test("times stand in the viewer's zone, exact on hover", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/events?project=birds");
      const time = page.locator("#list time").first();
      const instant = await time.getAttribute("datetime");
      assert.equal(await time.getAttribute("title"), instant);
      const options = { dateStyle: "medium", timeStyle: "medium", timeZone: "Europe/Madrid" };
      assert.equal(await time.innerText(), new Intl.DateTimeFormat("en-GB", options).format(new Date(instant)));
    });
  });
}
