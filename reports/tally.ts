import type { TestRecord } from './collect.ts';

/** `N passed, N failed`, and whatever else keeps the run from being whole. */
export function tallyLine(tests: readonly Pick<TestRecord, 'state'>[], brokenFiles: number, unhandled: number): string {
  const count = (state: TestRecord['state']) => tests.filter((test) => test.state === state).length;
  const rest: [number, string][] = [
    [count('skipped'), 'skipped'],
    [count('pending'), 'not finished'],
    [brokenFiles, 'files broken'],
    [unhandled, 'unhandled errors'],
  ];
  const told = rest.filter(([number]) => number > 0).map(([number, what]) => `, ${number} ${what}`);
  return `${count('passed')} passed, ${count('failed')} failed${told.join('')}`;
}
