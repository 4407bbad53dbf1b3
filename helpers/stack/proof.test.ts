import { describe, expect, it } from 'vitest';
import { compareFacts, unproven, type Fact } from './proof.ts';

const facts = (values: Record<string, string>): Fact[] =>
  Object.entries(values).map(([name, value]) => {
    const [subject, kind] = name.split(' ') as [string, Fact['kind']];
    return { kind, subject, value };
  });
const before = facts({
  'host boot': 'b1',
  'app container': 'c1',
  'app image': 'i1',
  'app started': 't1',
  'data volume': 'v1',
});

describe('a disruption proves that it happened', () => {
  const claims = { changes: ['started'], keeps: ['boot', 'container', 'image', 'volume'] } as const;

  it.each([
    ['what it claims', { 'app started': 't2' }, []],
    ['nothing', {}, ['app started did not change']],
    ['too much', { 'app started': 't2', 'app container': 'c2' }, ['app container changed']],
  ])('by doing %s', (_what, change, failures) => {
    const values = Object.fromEntries(before.map((fact) => [`${fact.subject} ${fact.kind}`, fact.value]));
    expect(unproven(before, facts({ ...values, ...change }), claims)).toEqual(failures);
  });

  it('not when what must stay is gone', () => {
    const after = before
      .filter((fact) => fact.kind !== 'volume')
      .map((fact) => ({ ...fact, value: fact.kind === 'started' ? 't2' : fact.value }));
    expect(unproven(before, after, claims)).toEqual(['data volume is gone']);
  });

  it('not when the service that should have restarted is not there at all', () => {
    const after = before.filter((fact) => fact.kind !== 'started');
    expect(unproven(before, after, claims)).toEqual(['nothing shows that it happened']);
  });

  it.each([
    ['killed', 'with 137', []],
    ['not to be told from one that was', 'nobody knows how', []],
    ['asked to stop', 'with 0', ['app ended with 0, not with 137']],
    ['seen by nobody', undefined, ['nothing shows how app ended']],
  ])('of a kill when the service was %s', (_what, end, failures) => {
    const after = before.map((fact) => ({ ...fact, value: fact.kind === 'started' ? 't2' : fact.value }));
    const seen = end === undefined ? [] : facts({ 'app end': end });
    const ends = ['with 137', 'nobody knows how'];
    expect(unproven(before, [...after, ...seen], { ...claims, ends })).toEqual(failures);
  });

  it('not by a boot that nothing tells of', () => {
    const ambient = before.filter((fact) => fact.kind !== 'boot');
    expect(unproven(ambient, ambient, { changes: ['boot'], keeps: [] })).toContain('nothing shows a change of boot');
  });

  it('for the services that it touches alone', () => {
    const after = before.map((fact) => ({ ...fact, value: fact.kind === 'image' ? 'i2' : fact.value }));
    const other = facts({ 'db image': 'i9' });
    const claim = { changes: ['image'], keeps: [] } as const;
    expect(unproven([...before, ...other], [...after, ...other], claim)).toEqual(['db image did not change']);
    expect(unproven([...before, ...other], [...after, ...other], claim, (fact) => fact.subject === 'app')).toEqual([]);
  });

  it.each([
    ['a newer engine', '26.1.5', []],
    ['the same engine', '20.10.24', ['host engine did not change', 'host engine is not newer']],
    ['an older engine', '19.3.1', ['host engine is not newer']],
  ])('of an upgrade by %s', (_what, version, failures) => {
    const upgrade = { changes: ['engine'], keeps: ['container'], raises: ['engine'] } as const;
    const from = [...before, ...facts({ 'host engine': '20.10.24' })];
    const to = [...before, ...facts({ 'host engine': version })];
    expect(unproven(from, to, upgrade)).toEqual(expect.arrayContaining(failures));
    expect(unproven(from, to, upgrade).length > 0).toBe(failures.length > 0);
  });

  it('and shows what changed and what did not', () => {
    const after = before.map((fact) => ({ ...fact, value: fact.kind === 'started' ? 't2' : fact.value }));
    const proof = compareFacts(before, after);
    expect(proof.changed).toEqual(['app started']);
    expect(proof.unchanged).toEqual(['host boot', 'app container', 'app image', 'data volume']);
  });
});
