// The ways in, and the way out.

import assert from "node:assert/strict";
import { test } from "node:test";

import { inTab } from "../tab.mjs";

export function signingIn(scene) {
  test("the link of `crowdhook dashboard` lets in whoever opens it first", async () => {
    const link = scene.host.link();
    await inTab(scene, async (page) => {
      await page.goto(link);
      assert.equal(new URL(page.url()).pathname, "/");
      await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    }, { isLetIn: false });
    await inTab(scene, async (page) => {
      assert.equal((await page.goto(link)).status(), 401);
      await page.getByRole("alert").getByText("This link was opened already").waitFor();
    }, { isLetIn: false });
  });

  test("the token leads to the page that was wanted, a wrong one is told", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/dead?what=delivery");
      assert.equal(new URL(page.url()).pathname, "/login");
      const field = page.getByLabel(/admin-token/);
      assert.ok(await field.evaluate((field) => field === document.activeElement), "the field has the focus");
      await field.fill("guessed");
      await field.press("Enter");
      await page.getByRole("alert").getByText("That is not the token of this host.").waitFor();
      await field.fill(scene.host.token);
      await field.press("Enter");
      await page.waitForURL("**/dead?what=delivery");
    }, { isLetIn: false });
  });

  test("who signs out is out", async () => {
    await inTab(scene, async (page) => {
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.waitForURL("**/login");
      await page.goto("/events");
      assert.equal(new URL(page.url()).pathname, "/login");
    });
  });
}
