// What a person adds to the demo's folder, and what goes wrong with it: a project whose notes leave for another service, one whose
// plugins fail, one that waits for a component, one that is no TOML, and a file that is no component.

import fs from "node:fs";
import path from "node:path";

const GUESTS = path.resolve(import.meta.dirname, "../guests/prebuilt");
const BUNDLED = path.resolve(import.meta.dirname, "../../../plugins/prebuilt");
/** Bundled with no project: they misbehave, each in its own way. */
const COMPONENTS = ["traps", "rejects", "calls-out", "core-module"];

export const HOOK_TOKEN = "practice-hook-token-of-the-demo";

const sender = (name) => `
[platform]
kind = "generic"
url = "https://labels.example.org"
project = "${name}"

[generic]
events = ""
kind = "/type"
kinds = { "item.done" = "task.completed" }
task = "/item/id"
task_info = "/item/data"
answers = "/item/labels"

[generic.answer]
worker = "/by"
value = "/label"

[hook]
token = { file = "../secrets/hook-token" }
`;

const VOTE = `
[plugins.vote]
component = "majority-vote"
allow = ["results", "events"]
`;

const projects = (outside) => ({
  notes: `${sender("notes")}${VOTE}
[connections.board]
url = "${outside.url}"

[plugins.pin]
component = "calls-out"
allow = ["http.send"]
connections = ["board"]
on = ["task.completed"]

[plugins.pin.settings]
connection = "board"
send = "/notes"
`,
  stream: `${sender("stream")}${VOTE}`,
  stuck: `${sender("stuck")}
[plugins.traps]
component = "traps"

[plugins.rejects]
component = "rejects"
`,
  forest: `${sender("forest")}${VOTE.replace("majority-vote", "vote-by-trust")}`,
  meadow: "[platform]\nkind =\n",
});

/** What a person adds to the folder of a running demo. */
export function add(folder, outside) {
  copy(folder, GUESTS, COMPONENTS);
  for (const [name, text] of Object.entries(projects(outside))) write(folder, name, text);
}

/** A folder of three projects where all is well. */
export function addWell(folder, outside) {
  copy(folder, BUNDLED, ["majority-vote"]);
  copy(folder, GUESTS, ["calls-out"]);
  write(folder, "notes", projects(outside).notes);
  for (const name of ["birds", "owls"]) write(folder, name, `${sender(name)}${VOTE}`);
}

function copy(folder, from, names) {
  for (const name of names) fs.copyFileSync(path.join(from, `${name}.wasm`), path.join(folder, "plugins", `${name}.wasm`));
}

function write(folder, name, text) {
  fs.writeFileSync(path.join(folder, "projects", `${name}.toml`), text);
}
