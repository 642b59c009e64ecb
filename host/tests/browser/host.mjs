// The real host under the demo's load, with what `files` adds to it, and a stream of events that goes on until the tests end.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { HOOK_TOKEN, add } from "./files.mjs";
import { Outside } from "./outside.mjs";
import { until } from "./until.mjs";

/** So many runs that trap in a row set a plugin aside: `limits.quarantine_after`. */
const TRAPS_HELD = 20;
/** More than three pages of a listing. */
export const NOTES = 170;
const STREAM_PAUSE_MS = 400;
const ANIMALS = ["robin", "wren", "raven"];

export class Host {
  static async start() {
    const program = process.env.CROWDHOOK_HOST;
    if (!program) throw new Error("`CROWDHOOK_HOST` does not name the host to test: run `cargo xtask browser`");
    const host = new Host();
    host.program = program;
    host.folder = fs.mkdtempSync(path.join(os.tmpdir(), "crowdhook-browser-"));
    host.outside = await Outside.start();
    await host.#demo();
    host.token = fs.readFileSync(path.join(host.folder, "data/admin-token"), "utf8").trim();
    await host.#fill();
    host.streaming = host.#stream();
    return host;
  }

  async #demo() {
    this.process = spawn(this.program, ["demo", "--dir", this.folder], { stdio: ["ignore", "pipe", "pipe"] });
    this.output = "";
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on("data", (text) => { this.output += text; });
    // Also when a test is cut off.
    process.once("exit", () => this.process.kill("SIGKILL"));
    this.process.on("exit", (code) => { this.exit = code ?? "a signal"; });
    await until("the demo to be done", () => {
      if (this.exit !== undefined) throw new Error(`the demo ended with ${this.exit}:\n${this.output}`);
      return this.output.includes("All done.");
    });
    const address = (name) => new RegExp(`^${name} = "(.*)"$`, "m").exec(fs.readFileSync(path.join(this.folder, "crowdhook.toml"), "utf8"))[1];
    this.hooks = `http://${address("listen")}`;
    this.url = `http://${address("admin")}`;
  }

  /** Everything that can be seen on the pages: dead letters of both kinds, a held plugin, refused files, a degraded project. */
  async #fill() {
    add(this.folder, this.outside);
    await until("the added files to be in use or refused", async () => {
      const projects = await this.api("/v1/projects");
      const plugins = await this.api("/v1/plugins");
      const isWell = (name) => projects.some((project) => project.name === name && project.degraded.length === 0 && !project.last_error);
      const refused = [...projects, ...plugins].filter((file) => file.last_error);
      return ["notes", "stream", "stuck"].every(isWell) && refused.length === 2 && projects.some((project) => project.name === "forest");
    });
    await this.post("stuck", Array.from({ length: TRAPS_HELD }, (_, at) => item(at + 1)));
    await this.post("notes", Array.from({ length: NOTES }, (_, at) => item(at + 1)));
    await this.post("notes", [item("refused")]);
    await this.post("notes", [item("later")]);
    await this.post("forest", [item(1)]);
    await until("dead letters of both kinds and a held plugin", async () => {
      const { dead, deliveries_dead: deliveries } = (await this.api("/v1/status")).totals;
      const { quarantine } = await this.api("/v1/quarantine");
      return dead === TRAPS_HELD && deliveries === 1 && quarantine.length === 1;
    });
    await until("every note to be handled", async () => (await this.api("/v1/invocations?project=notes&state=waiting")).rows.length === 0);
    await until("a delivery to wait for its second attempt", async () => {
      const { rows } = await this.api("/v1/deliveries?project=notes&state=waiting");
      return rows.length === 1 && rows[0].attempts === 1;
    });
  }

  async #stream() {
    for (let at = 1; !this.isStopping; at += 1) {
      await this.post("stream", [item(at)]);
      await new Promise((resolve) => setTimeout(resolve, STREAM_PAUSE_MS));
    }
  }

  /** Has a project's sender post events. */
  async post(project, events) {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${this.hooks}/hooks/${project}/${HOOK_TOKEN}`, { method: "POST", headers, body: JSON.stringify(events) });
    if (!response.ok) throw new Error(`the hook of \`${project}\` answered ${response.status}: ${await response.text()}`);
  }

  /** What the admin API answers, to a POST where there is a body. */
  async api(path, body) {
    const headers = { authorization: `Bearer ${this.token}`, "content-type": "application/json" };
    const asked = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(this.url + path, asked);
    if (!response.ok) throw new Error(`\`${path}\` answered ${response.status}: ${await response.text()}`);
    return response.json();
  }

  /** The link that `crowdhook dashboard` prints. */
  link() {
    const config = path.join(this.folder, "crowdhook.toml");
    return execFileSync(this.program, ["dashboard", "--config", config], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  }

  async stop() {
    this.isStopping = true;
    await this.streaming?.catch(() => {});
    if (this.exit === undefined) {
      this.process.kill("SIGTERM");
      await once(this.process, "exit");
    }
    this.outside.stop();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A task that is done, with three answers that agree more or less. */
export function item(id) {
  const number = typeof id === "number" ? id : 0;
  const labels = [0, 1, 2].map((by) => ({ by: `worker${(number + by) % 7}`, label: ANIMALS[by < 2 ? 0 : number % ANIMALS.length] }));
  return { type: "item.done", item: { id, data: { url: `${id}.jpg` }, labels } };
}
