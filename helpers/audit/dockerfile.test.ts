import { describe, expect, test } from 'vitest';
import { parseDockerfile } from './dockerfile.ts';

const parsed = (text: string, args: Record<string, string | null> = {}, target?: string) =>
  parseDockerfile(text, { file: '/x/Dockerfile', args, target });

describe('parseDockerfile', () => {
  test('the final stage counts, with the stages that it builds on', () => {
    const file = parsed(`FROM node:24 AS base
WORKDIR /srv
USER node
FROM golang AS tool
VOLUME /never
FROM base
WORKDIR app
VOLUME ["/data", "/more"]
CMD ["node", "x.js"]
`);
    expect(file).toMatchObject({
      base: 'node:24',
      workdir: '/srv/app',
      user: 'node',
      cmd: { argv: ['node', 'x.js'], shell: false, line: 9 },
    });
    expect(file.volumes).toEqual([
      { path: '/data', line: 8 },
      { path: '/more', line: 8 },
    ]);
  });

  test('a target ends the build before the rest', () => {
    expect(parsed('FROM a AS one\nUSER 5\nFROM b\nUSER 6\n', {}, 'one')).toMatchObject({ base: 'a', user: '5' });
  });

  test.for([
    ['ARG V=17\nFROM postgres:${V}\n', {}, 'postgres:17'],
    ['ARG V=17\nFROM postgres:${V}\n', { V: '18' }, 'postgres:18'],
    ['ARG V\nFROM postgres:${V:-16}\n', {}, 'postgres:16'],
    ['ARG V\nFROM postgres:$V\n', {}, null],
  ] as const)('%j with %j is built on %s', ([text, args, base]) => {
    expect(parsed(text, args).base).toBe(base);
  });

  test('a shell runs what is written without a list', () => {
    expect(parsed('FROM a\nCMD node x.js\n').cmd).toMatchObject({ argv: ['node x.js'], shell: true });
  });

  test('copies know where they come from and where they go', () => {
    expect(parsed('FROM a AS b\nFROM c\nWORKDIR /w\nCOPY --from=b /x ./y\nCOPY . .\n').copies).toEqual([
      { sources: ['/x'], target: '/w/y', from: 'b', line: 4 },
      { sources: ['.'], target: '/w', from: null, line: 5 },
    ]);
  });

  test.for([
    ['RUN useradd -r -u 1001 app', 1001],
    ['RUN addgroup x && adduser -D -u 1002 app', 1002],
    ['RUN useradd --uid=1003 app', 1003],
    ["RUN echo 'app:x:1004:1004::/:/bin/sh' >> /etc/passwd", 1004],
    ['RUN useradd app', undefined],
  ] as const)('%s makes the user %s', ([run, id]) => {
    expect(parsed(`FROM a\n${run}\n`).users.get('app')).toBe(id);
  });

  test('what is no Dockerfile gives nothing', () => {
    expect(parsed('{"not": "one"}\n')).toMatchObject({ base: null, volumes: [], cmd: null });
  });
});
