// The files to take away: they hold what the page shows.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";

import { inTab } from "../tab.mjs";

const UNDECIDED = ["tie", "undecided"];

export function exports(scene) {
  test("CSV and JSON hold each task of the page, with its answer", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/projects/birds?limit=500");
      const shown = await page.locator("#tasks tbody tr").evaluateAll((rows) => rows.map((row) => [row.cells[1].innerText, row.cells[2].innerText]));
      const expected = shown.map(([task, answer]) => [task, UNDECIDED.includes(answer) ? "" : answer]);
      assert.ok(expected.length >= 7);
      const [head, ...lines] = table(await taken(page, "All as CSV", "birds-results.csv"));
      const at = (name) => head.indexOf(name);
      assert.deepEqual(lines.map((cells) => [cells[at("task")], cells[at("answer")]]), expected);
      const rows = JSON.parse(await taken(page, "All as JSON", "birds-results.json"));
      assert.deepEqual(rows.map((row) => [row.task, row.decided ? row.answer : ""]), expected);
      assert.deepEqual(rows.map((row) => row.agreement.toFixed(4)), lines.map((cells) => cells[at("agreement")]));
    });
  });
}

/** What a link has the browser keep. */
async function taken(page, link, name) {
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: link }).click();
  const file = await download;
  assert.equal(file.suggestedFilename(), name);
  return fs.readFileSync(await file.path(), "utf8");
}

/** The cells of CSV as RFC 4180 has it. */
function table(text) {
  const rows = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n"]*))(,|\r\n)/g)) {
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\r\n") rows.push([]);
  }
  return rows.slice(0, -1);
}
