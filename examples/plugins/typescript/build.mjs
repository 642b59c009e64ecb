// `npm run build` makes a component of what `tsc` wrote; `npm run types` makes `types/` again, of the `.wit` files.

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';

import { componentize } from '@bytecodealliance/componentize-js';
import { $init, generateTypes } from '@bytecodealliance/jco-transpile/component';

const OUT = 'vote.wasm';
/** The folder of the plugin interface. */
const WIT = '../../../wit';
const WORLD = 'plugin';
const TYPES = 'types';

process.chdir(import.meta.dirname);
await (argv.includes('--types') ? types() : component());

async function component() {
  // Plugins reach the web through `http` of the interface alone; a host refuses a component that wants `wasi:http`.
  const disableFeatures = ['http', 'fetch-event'];
  const made = await componentize({ sourcePath: 'build/plugin.js', witPath: WIT, worldName: WORLD, disableFeatures });
  await writeFile(OUT, made.component);
}

async function types() {
  // As one text, which begins with the file that names the package.
  const names = (await readdir(WIT)).filter((name) => name.endsWith('.wit') && name !== 'plugin.wit').sort();
  const texts = await Promise.all(['plugin.wit', ...names].map((name) => readFile(join(WIT, name), 'utf8')));
  await $init;
  const made = generateTypes(WORLD, { wit: { tag: 'source', val: texts.join('\n') }, world: WORLD, guest: true });
  await rm(TYPES, { recursive: true, force: true });
  for (const [name, content] of made) {
    const file = join(TYPES, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}
