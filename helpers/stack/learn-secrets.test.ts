import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { describe, test as base, vi } from 'vitest';
import { REDACTED, Redactor } from '../redact.ts';
import { learnFromProject, learnFromSources } from './learn-secrets.ts';
import { SourceLines } from './source-lines.ts';

const test = base.extend('folder', async ({}, { onCleanup }) => {
  const made = await dir({ prefix: 'outlast-secrets-', unsafeCleanup: true });
  onCleanup(async () => made.cleanup());
  return made.path;
});

const canary = (name: string): string => `canary-${name}-of-the-day`;

describe('the secrets of a stack', () => {
  test('are known from its files before Compose has read them', async ({ folder, expect }) => {
    await mkdir(join(folder, 'sub'));
    const files = {
      'compose.yaml': `include: [sub/more.yaml]\nservices:\n  a: { environment: { A_TOKEN: ${canary('literal')} }, command: ['\${DB_TOKEN}'] }\n  b: { labels: [a.token=${canary('label')}], entrypoint: web --key ${canary('command')}, environment: { C_TOKEN: '\${C_TOKEN}' } }\n`,
      'sub/more.yaml': 'services: {}\n',
      '.env': `B_TOKEN=${canary('dotenv')}\nPLAIN=plain-and-simple\n`,
      'sub/.env': `C_TOKEN='${canary('included')}'\n`,
      'named.env': `export D_TOKEN="${canary('named')}"\n`,
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    vi.stubEnv('DB_TOKEN', canary('process'));
    vi.stubEnv('ANOTHER_TOKEN', canary('unused'));
    const redactor = new Redactor();
    const lines = await SourceLines.read([join(folder, 'compose.yaml')]);
    await learnFromSources(redactor, lines, [join(folder, 'named.env'), join(folder, 'nowhere.env')]);
    vi.unstubAllEnvs();
    for (const name of ['literal', 'dotenv', 'included', 'named', 'process', 'label', 'command']) {
      expect(redactor.text(canary(name)), name).toBe(REDACTED);
    }
    const plain = `plain-and-simple \${C_TOKEN} ${canary('unused')}`;
    expect(redactor.text(plain)).toBe(plain);
  });

  test('are known from the project, and its names are none', async ({ folder, expect }) => {
    await writeFile(join(folder, 'file'), `${canary('file')}\n`);
    await writeFile(join(folder, 'settings'), `password = ${canary('setting')}\nlisten = everywhere\n`);
    const redactor = new Redactor();
    const model = {
      name: 'stack',
      services: {
        orders: {
          image: 'host.invalid/postgres:17',
          environment: { POSTGRES_PASSWORD: 'orders', NOTHING: null, A_TOKEN: canary('environment') },
          build: { context: '.', args: { NPM_TOKEN: canary('argument') } },
          labels: { 'proxy.auth': canary('label') },
          command: ['web', '--key', canary('command')],
          healthcheck: { test: ['CMD-SHELL', `redis-cli -a ${canary('check')} ping`] },
        },
      },
      secrets: { a: { file: join(folder, 'file') }, b: { environment: 'B' }, c: { file: '/nowhere' }, d: null },
      configs: { a: { content: `token: ${canary('content')}` }, b: { file: join(folder, 'settings') } },
    };
    await learnFromProject(redactor, model, { B: canary('variable') });
    const places = ['environment', 'argument', 'file', 'variable', 'content', 'setting', 'label', 'command', 'check'];
    for (const name of places) {
      expect(redactor.text(canary(name)), name).toBe(REDACTED);
    }
    expect(redactor.text('orders listen everywhere')).toBe('orders listen everywhere');
  });
});
