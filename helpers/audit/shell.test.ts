import { describe, expect, test } from 'vitest';
import { dockerCommandOf, hasFlag } from './docker-command.ts';
import { commandsIn } from './shell.ts';

const argvs = (text: string) => commandsIn(text).map(({ argv }) => argv);

describe('commandsIn', () => {
  test('finds commands wherever the shell would', () => {
    const text = `f() { rm a; }
if cp b c; then d=$(mv e f); fi
for x in 1 2; do ( tar cf "$x" g ) & done
case $y in z) echo "$(cat h)" ;; esac`;
    expect(argvs(text).map(([program]) => program)).toEqual(['rm', 'cp', 'mv', 'tar', 'echo', 'cat']);
  });

  test('reads words as the shell would, and expands nothing', () => {
    expect(argvs(`cp 'a b' "c d" e\\ f "$X" $(touch /tmp/no)`)[0]).toEqual([
      'cp',
      'a b',
      'c d',
      'e f',
      '$X',
      '$(touch /tmp/no)',
    ]);
  });

  test('a comment, a string and a here-document are no commands', () => {
    expect(
      argvs("# docker compose down -v\necho 'docker compose down -v'\ncat <<X\ndocker compose down -v\nX").map(
        ([program]) => program,
      ),
    ).toEqual(['echo', 'cat']);
  });

  test.for([
    ['sudo -u root tar cf a b', 'tar'],
    ['env A=b nice -n 5 tar cf a b', 'tar'],
    ["sh -c 'cd /; tar cf a b'", 'tar'],
    ["docker compose exec -T db sh -c 'tar cf - /data'", 'tar'],
    ['docker run --rm -v a:/a busybox tar cf - /a', 'tar'],
    ['timeout 5m pg_dump x', 'pg_dump'],
  ] as const)('%s runs %s', ([text, program]) => {
    expect(commandsIn(text)[0]?.runs.map(([first]) => first)).toContain(program);
  });

  test('knows the line of each command', () => {
    expect(commandsIn('a\n\n  b |\n  c').map(({ line }) => line)).toEqual([1, 3, 4]);
  });

  test.for([
    ['pg_dump | gzip', false],
    ['set -o pipefail; pg_dump | gzip', true],
    ['set -euo pipefail\npg_dump | gzip', true],
    ['set -o pipefail; set +o pipefail; pg_dump | gzip', false],
  ] as const)('%s: pipefail %s', ([text, pipefail]) => {
    expect(commandsIn(text).at(-1)?.pipefail).toBe(pipefail);
  });

  test.for([
    ['a; b', false],
    ['a && b', true],
    ['a || b', false],
    ['if a; then b; fi', true],
    ['if a; then c; else b; fi', false],
  ] as const)('in `%s`, b runs after success only: %s', ([text, guarded]) => {
    expect(commandsIn(text).find(({ argv }) => argv[0] === 'b')?.guarded).toBe(guarded);
  });

  test('text that does not parse gives what could be read', () => {
    expect(argvs('rm x\nif (')).toContainEqual(['rm', 'x']);
  });
});

const of = (text: string) => dockerCommandOf(text.split(' '));

describe('dockerCommandOf', () => {
  test.for([
    ['docker compose -f a.yaml --profile x down -v', 'down'],
    ['docker-compose down --volumes --remove-orphans', 'down'],
    ['docker compose down -vt 5', 'down'],
    ['docker volume prune -af', 'volume prune'],
    ['docker --context far system prune', 'system prune'],
  ] as const)('%s: %s', ([text, verb]) => {
    expect(of(text)?.verb).toBe(verb);
  });

  test('tells the -v of `down` from the one of `run`', () => {
    expect(hasFlag(of('docker compose down -vt 5') ?? fail(), '-v')).toBe(true);
    const run = of('docker run --rm -itv data:/data -e A=b busybox ls -v');
    expect(run?.flags.get('-v')).toEqual(['data:/data']);
    expect(run?.operands).toEqual(['busybox', 'ls', '-v']);
  });

  test('a flag that is false is not given', () => {
    expect(hasFlag(of('docker compose down --volumes=false') ?? fail(), '--volumes')).toBe(false);
  });

  test('other programs are none of its business', () => {
    expect(of('kubectl down -v')).toBeNull();
  });
});

function fail(): never {
  throw new Error('It is no Docker command.');
}
