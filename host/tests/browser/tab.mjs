// A tab of the browser, which fails its test for whatever no page may do: an error on the console, a request elsewhere, a breach of
// the policy.

import assert from "node:assert/strict";

import { chromium } from "playwright-core";

/** Debian's, unless the environment names another. */
const PROGRAM = process.env.CROWDHOOK_CHROMIUM ?? "/usr/bin/chromium";
/** The sandbox wants a user who is not root; and nothing is to be asked of anybody at the start. */
const SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--disable-component-update", "--no-first-run"];
const STEP_MAX_MS = 120_000;

export const WIDE = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

export function launch() {
  return chromium.launch({ executablePath: PROGRAM, args: SWITCHES });
}

/** Opens a tab, lets it in with the token, gives it to `use`, and sees to it that nothing was amiss. */
export async function inTab(scene, use, options = {}) {
  const { isLetIn = true, ...rest } = options;
  const context = await scene.browser.newContext({ baseURL: scene.host.url, viewport: WIDE, locale: "en-GB", timezoneId: "Europe/Madrid", ...rest });
  context.setDefaultTimeout(STEP_MAX_MS);
  const amiss = watch(context, scene.host.url);
  try {
    const page = await context.newPage();
    if (isLetIn) await letIn(page, scene.host);
    await use(page, context);
    assert.deepEqual(amiss, []);
  } finally {
    await context.close();
  }
}

async function letIn(page, host) {
  await page.goto("/login");
  await page.getByLabel(/admin-token/).fill(host.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${host.url}/`);
}

/** What was amiss in any tab of a context. Breaches of the policy are errors on the console. */
function watch(context, origin) {
  const amiss = [];
  context.on("console", (message) => {
    // A browser says so of every page that is refused; the test that asks for one looks at its status.
    const isRefusal = message.text().startsWith("Failed to load resource: the server responded with a status of 4");
    if (["error", "warning"].includes(message.type()) && !isRefusal) amiss.push(`console ${message.type()}: ${message.text()}`);
  });
  context.on("weberror", (error) => amiss.push(`script: ${error.error().message}`));
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.protocol !== "blob:" && url.origin !== origin) amiss.push(`a request to ${request.url()}`);
  });
  return amiss;
}
