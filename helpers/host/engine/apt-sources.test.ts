import { expect, test } from 'vitest';
import { findMirror, parseDeb822Sources, parseOneLineSources, renderSource } from './apt-sources.ts';

const KEYRING = '/keys/archive.gpg';

test('reads deb822 sources, comments and disabled stanzas', () => {
  const text = [
    '# the mirror',
    'Types: deb deb-src',
    '# snapshot',
    'URIs: http://mirror.example/debian',
    'Suites: bookworm',
    '  bookworm-updates',
    'Components: main contrib',
    `Signed-By: ${KEYRING}`,
    '',
    'Types: deb',
    'Enabled: no',
    'URIs: http://other.example/debian',
    'Suites: bookworm',
    'Components: main',
    ' ',
    'Types: deb-src',
    'URIs: http://source.example/debian',
    'Suites: bookworm',
    'Components: main',
  ].join('\n');
  expect(parseDeb822Sources(text)).toEqual([
    {
      uri: 'http://mirror.example/debian',
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main', 'contrib'],
      signedBy: KEYRING,
    },
  ]);
});

test('keeps a key that stands in the sources themselves', () => {
  const key = 'Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc';
  const [source] = parseDeb822Sources(`Types: deb\nURIs: http://m.example/d\nSuites: sid\nComponents: main\n${key}\n`);
  if (!source) throw new Error('no source');
  expect(source.signedBy).toContain('\n abc');
  expect(parseDeb822Sources(renderSource(source, ['sid', 'trixie']))).toEqual([
    { ...source, suites: ['sid', 'trixie'] },
  ]);
});

test.each([
  [
    `deb [arch=amd64 signed-by=${KEYRING}] http://m.example/debian trixie main contrib # comment`,
    { uri: 'http://m.example/debian', suites: ['trixie'], components: ['main', 'contrib'], signedBy: KEYRING },
  ],
  [
    'deb http://m.example/d sid main',
    { uri: 'http://m.example/d', suites: ['sid'], components: ['main'], signedBy: null },
  ],
  ['# deb http://m.example/debian trixie main', null],
  ['deb-src http://m.example/debian trixie main', null],
])('reads the line %s', (line, source) => {
  expect(parseOneLineSources(line)).toEqual(source ? [source] : []);
});

const at = (uri: string, suites: string[]) => ({ uri, suites, components: ['main'], signedBy: null });

test('the mirror is the one that carries the release itself', () => {
  const other = at('http://tools.example', ['bookworm-tools']);
  const security = at('http://m.example/security', ['bookworm-security']);
  const mirror = at('http://m.example/debian', ['bookworm', 'bookworm-updates']);
  expect(findMirror([other, security, mirror], 'bookworm')).toBe(mirror);
  expect(findMirror([at('http://m.example/debian', ['stable'])], 'trixie')?.suites).toEqual(['stable']);
  expect(findMirror([other, security], 'bookworm')).toBeNull();
});
