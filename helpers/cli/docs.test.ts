import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';

const LAUNCHER = fileURLToPath(new URL('launcher.js', import.meta.url));
const page = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8');

const helpOf = async (...command: string[]): Promise<string> =>
  (await execa(process.execPath, [LAUNCHER, ...command, '--help'])).stdout;

test('docs/command-line.md has every command with every option', async () => {
  const [, list = ''] = (await helpOf()).split('Commands:');
  const commands = [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help');
  expect(commands).toContain('run');
  for (const command of commands) {
    expect(page).toContain(`## \`outlast ${command}`);
    const help = await helpOf(command);
    const options = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, name = '']) => name);
    for (const option of options.filter((name) => name !== '--help')) expect(page).toContain(option);
  }
});
