// Without a mouse.

import assert from "node:assert/strict";
import { test } from "node:test";

import { inTab } from "../tab.mjs";

/** What has the focus: its words, and whether one sees that it has it. */
const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  return { text: element.innerText.trim(), isSeen: getComputedStyle(element).outlineStyle !== "none" };
});

export function keyboard(scene) {
  test("the first stop leads past the navigation", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/events");
      await page.keyboard.press("Tab");
      assert.equal((await focused(page)).text, "Skip to content");
      await page.keyboard.press("Enter");
      assert.equal(await page.evaluate(() => document.activeElement.id), "main");
      await page.keyboard.press("Tab");
      assert.ok(await page.evaluate(() => document.activeElement.closest("main") !== null));
    });
  });

  test("stops follow the order in which a page reads, and each is seen", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/dead?what=delivery");
      const stops = [];
      for (let stop = 0; stop < 10; stop += 1) {
        await page.keyboard.press("Tab");
        stops.push(await focused(page));
      }
      const names = ["Skip to content", "Crowdhook", "Overview", "Projects", "Events", "Invocations", "Deliveries", "Dead letters", "Plugins", "Sign out"];
      assert.deepEqual(stops, names.map((text) => ({ text, isSeen: true })));
    });
  });

  test("a slash leads to the search, Enter searches, and within a field it is a slash", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/events?project=notes");
      await page.keyboard.press("/");
      await page.keyboard.type("task.completed");
      await page.keyboard.press("Enter");
      await page.waitForURL((url) => url.searchParams.get("kind") === "task.completed" && url.searchParams.get("project") === "notes");
      await page.keyboard.press("/");
      await page.keyboard.press("End");
      await page.keyboard.type("/");
      assert.equal(await page.getByLabel("Kind").inputValue(), "task.completed/");
    });
  });

  test("a dead letter can be reached and asked about", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/dead?what=delivery");
      do await page.keyboard.press("Tab"); while ((await focused(page)).text !== "Replay…");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Replay?" }).waitFor();
    });
  });
}
