// The dashboard in a real browser, over the real host. One scene for all parts: the host takes a while to compile its components.

import { after, describe } from "node:test";

import { Host } from "./host.mjs";
import { launch } from "./tab.mjs";
import { exports } from "./parts/exports.mjs";
import { keyboard } from "./parts/keyboard.mjs";
import { listings } from "./parts/listings.mjs";
import { live } from "./parts/live.mjs";
import { mending } from "./parts/mending.mjs";
import { pages } from "./parts/pages.mjs";
import { signingIn } from "./parts/signing_in.mjs";

const host = await Host.start();
const scene = { host, browser: await launch() };
after(async () => {
  await scene.browser.close();
  await host.stop();
});

describe("signing in", () => signingIn(scene));
describe("every page", () => pages(scene));
describe("listings", () => listings(scene));
describe("live", () => live(scene));
describe("exports", () => exports(scene));
describe("keyboard", () => keyboard(scene));
// Last, since afterwards less is amiss than before.
describe("mending", () => mending(scene));
