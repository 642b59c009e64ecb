// Every page, as it looks and reads: both themes, a phone's width, without scripts, and for who does not see it.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";

import axe from "axe-core";

import { PHONE, WIDE, inTab } from "../tab.mjs";

/** Where pictures go; none are taken without it. */
const SHOTS = process.env.CROWDHOOK_SHOTS;
const VIEWS = [
  { name: "light", viewport: WIDE, colorScheme: "light" },
  { name: "dark", viewport: WIDE, colorScheme: "dark" },
  { name: "phone-light", viewport: PHONE, colorScheme: "light" },
  { name: "phone-dark", viewport: PHONE, colorScheme: "dark" },
];

/** Each page by a name, and the ids on the way to it by what the API says. */
async function all({ host }) {
  const first = async (listing) => (await host.api(listing)).rows[0].id;
  const event = await first("/v1/events?project=birds&kind=task.completed");
  const doubtful = await host.api("/v1/projects/birds/analyses?decided=false");
  const letter = (await host.api("/v1/dead?what=delivery")).dead[0].id;
  return {
    overview: "/",
    "overview-month": "/?range=month",
    projects: "/projects",
    project: "/projects/birds",
    "project-checked": "/projects/birds?check=true",
    "project-degraded": "/projects/forest",
    "project-signed": "/projects/cats-and-dogs",
    task: "/projects/birds/tasks/2",
    "task-undecided": `/projects/birds/tasks/${doubtful.rows[0].task}`,
    "task-of-many-questions": "/projects/forms/tasks/9",
    events: "/events",
    event: `/events/${event}`,
    "event-dead": `/events/${await first("/v1/events?project=stuck")}`,
    "event-waiting": `/events/${await first("/v1/events?project=forest")}`,
    "run-again": `/events/${event}/replay`,
    invocations: "/invocations",
    "invocations-given-up": "/invocations/give-up?project=forest",
    "invocations-dead": "/invocations?state=dead",
    deliveries: "/deliveries",
    delivery: `/deliveries/${await first("/v1/deliveries?project=birds&state=delivered")}`,
    "delivery-dead": `/deliveries/${letter}`,
    "delivery-waiting": `/deliveries/${await first("/v1/deliveries?project=notes&state=waiting")}`,
    "deliveries-given-up": "/deliveries/give-up?connection=board",
    dead: "/dead",
    "dead-replay": `/dead/replay?id=${letter}`,
    plugins: "/plugins",
    plugin: "/plugins/majority-vote",
    "plugin-that-traps": "/plugins/traps",
  };
}

export function pages(scene) {
  for (const { name: view, ...look } of VIEWS) {
    test(`reads well for everybody: ${view}`, async (t) => {
      await inTab(scene, async (page) => {
        for (const [name, path] of Object.entries(await all(scene))) {
          await t.test(name, () => readsWell(page, path, `${name}-${view}`));
        }
      }, look);
    });
  }

  test("the way in reads well, too", async () => {
    for (const { name: view, ...look } of VIEWS) {
      await inTab(scene, (page) => readsWell(page, "/login", `login-${view}`), { isLetIn: false, ...look });
    }
  });

  test("without scripts every page says the same", async (t) => {
    await inTab(scene, async (page) => {
      for (const [name, path] of Object.entries(await all(scene))) await t.test(name, () => readsWithoutScripts(page, path));
    }, { javaScriptEnabled: false });
  });

  test("what is not there is told with the way back", async () => {
    await inTab(scene, async (page) => {
      assert.equal((await page.goto("/projects/owls")).status(), 404);
      await page.getByText("there is no project of that name").waitFor();
      await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Projects" }).click();
      await page.waitForURL("**/projects");
    });
  });
}

async function readsWell(page, address, name) {
  const response = await page.goto(address);
  assert.equal(response.status(), 200, address);
  if (SHOTS) await page.screenshot({ path: path.join(shots(), `${name}.png`), fullPage: true });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `${address} is ${overflow} px wider than the screen`);
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const told = violations.map(({ id, impact, nodes }) => `${impact}: ${id}: ${nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`).join("\n")}`);
  assert.deepEqual(told, [], address);
}

function shots() {
  fs.mkdirSync(SHOTS, { recursive: true });
  return SHOTS;
}

async function readsWithoutScripts(page, address) {
  const response = await page.goto(address);
  assert.equal(response.status(), 200, address);
  assert.equal(await page.locator("h1").count(), 1, address);
  assert.ok((await page.locator("main").innerText()).length > 80, `${address} says something`);
  // In no other zone than the one that is named: the viewer's is not known.
  for (const time of await page.locator("time:not(.ago)").allInnerTexts()) assert.match(time, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/, address);
}
