// Search, filters, and page after page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { inTab } from "../tab.mjs";
import { NOTES } from "../host.mjs";

/** The notes, and those two that the outside does not take. */
const EVENTS = NOTES + 2;

const rows = (page) => page.locator("#list tbody tr");

/** What stands in a column, row by row. */
export async function column(page, heading) {
  const headings = await page.locator("#list thead th").allInnerTexts();
  const place = headings.indexOf(heading) + 1;
  assert.ok(place > 0, `a column \`${heading}\` among ${headings}`);
  return page.locator(`#list tbody tr td:nth-child(${place})`).allInnerTexts();
}

async function find(page) {
  const answered = page.waitForEvent("load");
  await page.getByRole("button", { name: "Find" }).click();
  await answered;
}

export function listings(scene) {
  test("events are found by project, kind and text, and the filter can be cleared", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/events");
      await page.getByLabel("Project").selectOption("notes");
      await page.getByLabel("Kind").fill("task.completed");
      await page.getByLabel("Text in the payload").fill("refused.jpg");
      await find(page);
      assert.equal(await rows(page).count(), 1);
      assert.deepEqual([await column(page, "Project"), await column(page, "Task")], [["notes"], ["refused"]]);
      assert.equal(await page.getByLabel("Text in the payload").inputValue(), "refused.jpg");
      await page.getByRole("link", { name: "Clear" }).click();
      await page.waitForURL("**/events");
      assert.ok(await rows(page).count() > 1);
    });
  });

  test("invocations and deliveries are found by how they stand", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/invocations");
      await page.getByLabel("State").selectOption("dead");
      await find(page);
      assert.deepEqual([...new Set(await column(page, "Plugin"))], ["rejects"]);
      assert.equal(await rows(page).count(), 20);
      await page.goto("/deliveries");
      await page.getByLabel("State").selectOption("dead");
      await find(page);
      assert.deepEqual([await column(page, "Plugin"), await column(page, "Task")], [["pin"], ["refused"]]);
      assert.match((await column(page, "Receipt or reason"))[0], /422: no such note can be taken/);
    });
  });

  test("tasks on which people do not agree are found on their project's page", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/projects/birds");
      await page.getByLabel("Decided").selectOption("false");
      await find(page);
      const answers = await page.locator("#tasks tbody tr td:nth-child(3)").allInnerTexts();
      assert.ok(answers.length > 0 && answers.every((answer) => ["tie", "undecided"].includes(answer)), answers.join());
    });
  });

  test("page after page leads through every event once, and back to the newest", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/events?project=notes&kind=task.completed");
      const seen = [];
      const first = await column(page, "Event");
      for (;;) {
        seen.push(...(await column(page, "Event")));
        const next = page.getByRole("link", { name: "Older →" });
        if ((await next.count()) === 0) break;
        const address = new URL(await next.getAttribute("href"), scene.host.url).href;
        await next.click();
        await page.waitForURL(address);
      }
      assert.equal(seen.length, EVENTS);
      assert.equal(new Set(seen).size, EVENTS);
      await page.getByText("That is all.").waitFor();
      await page.getByRole("link", { name: "← Newest" }).click();
      await page.waitForURL((url) => !url.searchParams.has("before"));
      assert.deepEqual(await column(page, "Event"), first);
    });
  });

  test("a time that makes no sense is told, with what to write instead", async () => {
    await inTab(scene, async (page) => {
      assert.equal((await page.goto("/events?since=yesterday")).status(), 400);
      await page.getByText(/is no time: write/).waitFor();
    });
  });
}
