// How quick the pages and the lists of the API are on a large store: `cargo xtask soak pages`.
//
// A host gets tasks of three projects until it holds as many events as are wanted: one that came in and one that the vote emitted for each task,
// with runs, and for the third project a delivery for each task. Then each page and list is asked for, again and again.

import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";

import { HOOK_TOKEN, addWell } from "./files.mjs";
import { Outside } from "./outside.mjs";
import { until } from "./until.mjs";

/** A median beyond this fails. */
const MEDIAN_MAX_MS = 100;
const ASKED_TIMES = 15;
/** Tasks in one post: what a hook takes. */
const POSTED_AT_ONCE = 1000;
/** Posts under way at a time. */
const POSTS_AT_ONCE = 4;
/** Tasks that may wait: beyond it the next post is held back. */
const WAITING_MAX = 2_000;
/** Every tenth task is of the project whose notes leave for another service. */
const PROJECTS = ["birds", "owls", "birds", "owls", "birds", "owls", "birds", "owls", "birds", "notes"];
const ANIMALS = ["robin", "wren", "raven", "jay", "owl"];

const program = process.env.CROWDHOOK_HOST;
const events = Number(process.env.CROWDHOOK_SOAK_EVENTS ?? 1_000_000);
const folder = process.env.CROWDHOOK_SOAK_FOLDER ?? fs.mkdtempSync(path.join(os.tmpdir(), "crowdhook-pages-"));

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** A task of about a kilobyte, with five answers. */
function item(id) {
  const labels = ANIMALS.map((_, by) => ({ by: `worker${(id * 7 + by * 13) % 997}`, label: by < 3 ? ANIMALS[id % 5] : ANIMALS[(id + by) % 5] }));
  const words = Array.from({ length: 40 }, (_, at) => ((id + 1) * (at + 31)).toString(36)).join(" ");
  return { type: "item.done", item: { id, data: { url: `https://images.example.org/${id}.jpg`, words, place: `p${id % 97}` }, labels } };
}

async function serve(outside) {
  const [listen, admin] = [await freePort(), await freePort()];
  for (const sub of ["plugins", "projects", "secrets"]) fs.mkdirSync(path.join(folder, sub), { recursive: true });
  fs.writeFileSync(path.join(folder, "crowdhook.toml"), `listen = "127.0.0.1:${listen}"\nadmin = "127.0.0.1:${admin}"\n`);
  fs.writeFileSync(path.join(folder, "secrets/hook-token"), HOOK_TOKEN, { mode: 0o600 });
  addWell(folder, outside);
  const host = spawn(program, ["serve", "--config", path.join(folder, "crowdhook.toml"), "--log", "error"], { stdio: ["ignore", "ignore", "inherit"] });
  process.once("exit", () => host.kill("SIGKILL"));
  const url = `http://127.0.0.1:${admin}`;
  await until("the host to be ready", async () => (await fetch(`http://127.0.0.1:${listen}/health/ready`)).ok);
  const authorization = `Bearer ${fs.readFileSync(path.join(folder, "data/admin-token"), "utf8").trim()}`;
  const api = async (path) => (await fetch(url + path, { headers: { authorization } })).json();
  return { host, hooks: `http://127.0.0.1:${listen}`, url, api };
}

async function fill({ hooks, api }) {
  const { totals } = await api("/v1/status");
  let next = Math.floor(totals.events / 2);
  const wanted = Math.ceil(events / 2);
  const began = Date.now();
  const sender = async () => {
    while (next < wanted) {
      const from = next;
      next += POSTED_AT_ONCE;
      const project = PROJECTS[Math.floor(from / POSTED_AT_ONCE) % PROJECTS.length];
      const body = JSON.stringify(Array.from({ length: POSTED_AT_ONCE }, (_, at) => item(from + at)));
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${hooks}/hooks/${project}/${HOOK_TOKEN}`, { method: "POST", headers, body });
      if (!response.ok) throw new Error(`the hook answered ${response.status}: ${await response.text()}`);
      await until("room for more", async () => (await api("/v1/status")).totals.waiting < WAITING_MAX);
    }
  };
  const telling = setInterval(() => process.stderr.write(`${next} of ${wanted} tasks, ${Math.round((Date.now() - began) / 1000)} s\n`), 10_000);
  await Promise.all(Array.from({ length: POSTS_AT_ONCE }, sender));
  // However long it takes: it does not stand still.
  for (let before = -1; ;) {
    const { totals } = await api("/v1/status");
    const waits = totals.waiting + totals.deliveries_waiting;
    if (waits === 0) break;
    before = await until("less to wait", async () => {
      const { totals } = await api("/v1/status");
      return totals.waiting + totals.deliveries_waiting !== before && totals.waiting + totals.deliveries_waiting + 1;
    }) - 1;
  }
  clearInterval(telling);
}

/** Every page, and every list by each of its filters. */
async function paths(api) {
  const first = async (list) => (await api(list)).rows[0];
  const { next } = await api("/v1/events?limit=1");
  const middle = Math.floor(next / 2);
  const event = (await first("/v1/events?project=birds&task=4005")).id;
  const delivery = (await first("/v1/deliveries?project=notes")).id;
  const times = `since=${new Date(Date.now() - 3_600_000).toISOString()}`;
  const filters = {
    events: ["", "project=birds", "project=notes", "kind=task.completed", "kind=project.completed", "standing=unreadable", "task=1003", "project=birds&task=4005",
      "text=images.example.org/77.jpg", "text=nowhere", "project=notes&text=raven", times, "until=2026-01-01", `before=${middle}`, `project=owls&before=${middle}`],
    invocations: ["", "project=birds", "plugin=vote", "plugin=pin", "project=notes&plugin=pin", "state=done", "state=dead", "state=waiting", "task=1003",
      "project=owls&task=1003", "text=no+answer", times, `before=${middle}`],
    deliveries: ["", "project=notes", "project=birds", "plugin=pin", "connection=board", "state=delivered", "state=dead", "state=waiting", "task=9500",
      "text=taken", "text=nothing", times, "before=20000"],
  };
  const lists = Object.entries(filters).flatMap(([list, each]) => each.map((filter) => `/${list}${filter && `?${filter}`}`));
  const others = [
    "/", "/?range=month", "/projects", "/projects/birds", "/projects/birds?decided=false", "/projects/birds?agreement_max=0.3", "/projects/birds?task=4005",
    "/projects/notes", "/projects/birds/tasks/4005", `/events/${event}`, `/events/${event}/replay`, `/deliveries/${delivery}`, "/dead", "/plugins",
    "/plugins/majority-vote", "/plugins/calls-out",
  ];
  const asked = ["/v1/status", "/v1/projects/birds/figures", "/v1/projects/birds/analyses", "/v1/projects/birds/analyses?decided=false",
    "/v1/projects/birds/analyses?agreement_max=0.3", `/v1/projects/birds/analyses?before=${middle}`, "/v1/projects/birds/tasks/4005", `/v1/events/${event}`,
    `/v1/deliveries/${delivery}`, "/v1/dead"];
  return [...others, ...lists, ...asked, ...lists.map((list) => `/v1${list}`)];
}

async function cookie(url) {
  const token = fs.readFileSync(path.join(folder, "data/admin-token"), "utf8").trim();
  const response = await fetch(`${url}/login`, { method: "POST", redirect: "manual", headers: { origin: url }, body: new URLSearchParams({ token }) });
  return response.headers.get("set-cookie").split(";")[0];
}

/** The median and the longest, in milliseconds. */
async function measure(url, path, headers) {
  const took = [];
  for (let time = 0; time < ASKED_TIMES; time += 1) {
    const began = performance.now();
    const response = await fetch(url + path, { headers });
    const body = await response.text();
    if (response.status !== 200) throw new Error(`\`${path}\` answered ${response.status}: ${body.slice(0, 300)}`);
    took.push(performance.now() - began);
  }
  took.sort((a, b) => a - b);
  return { path, median: took[Math.floor(took.length / 2)], longest: took.at(-1) };
}

const outside = await Outside.start();
const running = await serve(outside);
try {
  await fill(running);
  const headers = { authorization: `Bearer ${fs.readFileSync(path.join(folder, "data/admin-token"), "utf8").trim()}` };
  const browser = { cookie: await cookie(running.url) };
  console.log(JSON.stringify((await running.api("/v1/status")).totals));
  console.log(`${"median".padStart(9)} ${"longest".padStart(9)}`);
  const slow = [];
  for (const path of await paths(running.api)) {
    const { median, longest } = await measure(running.url, path, path.startsWith("/v1/") ? headers : browser);
    console.log(`${median.toFixed(1).padStart(6)} ms ${longest.toFixed(1).padStart(6)} ms  ${path}`);
    if (median > MEDIAN_MAX_MS) slow.push(path);
  }
  if (slow.length > 0) throw new Error(`beyond ${MEDIAN_MAX_MS} ms at the median: ${slow.join(", ")}`);
} finally {
  running.host.kill("SIGTERM");
  await once(running.host, "exit");
  outside.stop();
  if (!process.env.CROWDHOOK_SOAK_FOLDER) fs.rmSync(folder, { recursive: true, force: true });
}
