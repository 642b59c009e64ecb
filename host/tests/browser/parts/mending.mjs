// What can be mended from a page, and that it is seen to be mended.

import assert from "node:assert/strict";
import { test } from "node:test";

import { item } from "../host.mjs";
import { inTab } from "../tab.mjs";
import { until } from "../until.mjs";

export function mending(scene) {
  test("a delivery that waits is given up, and its page shows that it is a dead letter", async () => {
    await inTab(scene, async (page, context) => {
      await page.goto("/deliveries?state=waiting&project=notes");
      await page.locator("td a.id").click();
      const state = page.locator("dl.facts .state");
      assert.equal(await state.innerText(), "waiting");
      const other = await context.newPage();
      await other.goto(page.url());
      await other.getByRole("link", { name: "Give up…" }).click();
      await other.getByRole("button", { name: "Give up 1" }).click();
      await other.getByRole("status").getByText("1 delivery given up.").waitFor();
      await until("the delivery to be dead", async () => (await state.innerText()) === "dead");
      await page.getByText("given up by the operator").waitFor();
      await page.getByRole("link", { name: "Send again…" }).waitFor();
    });
  });

  test("an invocation that waits is given up from its event, and then nothing is left to do", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/invocations?project=forest");
      await page.locator("td a.id").click();
      await page.getByRole("heading", { name: "Still to be done" }).waitFor();
      await page.getByRole("link", { name: /^Give up what vote is to do/ }).click();
      await page.getByRole("button", { name: "Give up 1" }).click();
      await page.getByRole("status").getByText("1 invocation given up.").waitFor();
      await page.getByRole("link", { name: "To the dead letters" }).click();
      await page.getByRole("row").filter({ hasText: "forest" }).getByText("given up by the operator").waitFor();
    });
  });

  test("all that waits and fits a filter is given up together", async () => {
    await inTab(scene, async (page) => {
      await scene.host.post("forest", [item(2), item(3), item(4)]);
      await page.goto("/invocations?project=forest");
      await until("all three to wait", async () => (await page.getByRole("link", { name: /^Give up what vote is to do/ }).count()) === 3);
      await page.getByRole("link", { name: "Give up those that wait…" }).click();
      await page.getByRole("button", { name: "Give up 3" }).click();
      await page.getByRole("status").getByText("3 invocations given up.").waitFor();
      await page.goto("/invocations/give-up?project=forest");
      await page.getByText("Nothing that fits waits").waitFor();
    });
  });

  test("a dead delivery is sent again, and its page shows that it was taken", async () => {
    await inTab(scene, async (page, context) => {
      await page.goto("/dead?what=delivery&reason=no+such+note");
      await page.getByRole("link", { name: "send-request through board" }).click();
      const state = page.locator("dl.facts .state");
      assert.equal(await state.innerText(), "dead");
      scene.host.outside.takesAll = true;
      const other = await context.newPage();
      await other.goto(page.url());
      await other.getByRole("link", { name: "Send again…" }).click();
      await other.getByRole("button", { name: "Replay 1" }).click();
      await other.getByRole("status").getByText("1 delivery").waitFor();
      await until("the delivery to be delivered", async () => (await state.innerText()) === "delivered");
      await page.getByText("201: taken").waitFor();
      await other.goto("/dead?what=delivery&reason=no+such+note");
      await other.getByText("Nothing that fits was given up.").waitFor();
    });
  });

  test("an event is run again, for one plugin, and the run shows", async () => {
    await inTab(scene, async (page) => {
      const { rows } = await scene.host.api("/v1/events?project=notes&kind=task.completed&task=7");
      await page.goto(`/events/${rows[0].id}`);
      const runs = page.locator("article.run").filter({ hasText: "vote" });
      const before = await runs.count();
      await page.getByRole("link", { name: "Run again…" }).click();
      await page.getByLabel("Plugin").selectOption("vote");
      await page.getByRole("button", { name: "Run again" }).click();
      await page.waitForURL(`**/events/${rows[0].id}`);
      await until("a further run", async () => (await runs.count()) === before + 1);
    });
  });

  test("a held plugin is let go on", async () => {
    await inTab(scene, async (page) => {
      const held = page.locator("#attention li").filter({ hasText: "stuck/traps" });
      await held.getByText("held").waitFor();
      await held.getByRole("button", { name: "Release it" }).click();
      await held.waitFor({ state: "detached" });
      assert.deepEqual((await scene.host.api("/v1/quarantine")).quarantine, []);
    });
  });

  test("the hook's whole address shows to who asks for it", async () => {
    await inTab(scene, async (page) => {
      await page.goto("/projects/birds");
      assert.ok(!(await page.content()).includes("practice-hook-token"));
      await page.getByRole("button", { name: "Show it with its token" }).click();
      await page.getByText(`${scene.host.hooks}/hooks/birds/practice-hook-token-of-the-demo`).waitFor();
    });
  });
}
