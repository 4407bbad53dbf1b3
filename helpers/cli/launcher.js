#!/usr/bin/env node
// Plain JavaScript that any Node can parse: the version is checked before anything newer is loaded.
import { existsSync } from 'node:fs';

const needed = [22, 22];
const found = process.versions.node.split('.').map(Number);
if (found[0] < needed[0] || (found[0] === needed[0] && found[1] < needed[1])) {
  process.stderr.write(`outlast needs Node ${needed.join('.')} or newer; this is ${process.versions.node}.\n`);
  process.exit(2);
}
const emitted = new URL('../../dist/helpers/cli/main.js', import.meta.url);
const source = new URL('./main.ts', import.meta.url);
const { main } = await import((existsSync(source) ? source : emitted).href);
process.exitCode = await main(process.argv);
