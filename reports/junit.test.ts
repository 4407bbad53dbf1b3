import { XmlDocument, type XmlElement } from 'libxml2-wasm';
import { describe, expect, test } from 'vitest';
import { renderJunit } from './junit.ts';
import { deadCell, fullReport, goodCell, lostCell, sampleReport, unknownCell } from './sample.ts';
import type { Report } from './model.ts';

function attribute(element: XmlElement, name: string): string {
  return element.attr(name)?.value ?? '';
}

/** What a strict parser makes of it: each test with how it ended. */
function read(report: Report) {
  using document = XmlDocument.fromString(renderJunit(report));
  const elements = (path: string): XmlElement[] => document.find(path) as XmlElement[];
  return {
    cases: Object.fromEntries(
      elements('//testcase').map((each) => {
        const [end] = [
          ...document.find(
            `//testcase[@classname='${attribute(each, 'classname')}'][@name='${attribute(each, 'name')}']/*`,
          ),
        ];
        return [
          `${attribute(each, 'classname')} ${attribute(each, 'name')}`,
          (end as XmlElement | undefined)?.name ?? 'passed',
        ];
      }),
    ),
    suites: elements('//testsuite').map((suite) => {
      const name = attribute(suite, 'name');
      const told = ['tests', 'failures', 'errors', 'skipped'].map((count) => Number(attribute(suite, count)));
      const inside = ['testcase', 'testcase/failure', 'testcase/error', 'testcase/skipped'].map(
        (path) => document.find(`//testsuite[@name='${name}']/${path}`).length,
      );
      return { name, told, inside };
    }),
    text: document.root.content,
  };
}

describe('renderJunit', () => {
  test('a test for each cell, and one for the verdict', () => {
    expect(read(fullReport()).cases).toEqual({
      'outlast verdict': 'failure',
      'outlast.restart notes': 'passed',
      'outlast.restart cache': 'passed',
      'outlast.down-up notes': 'failure',
      'outlast.down-up cache': 'passed',
      'outlast.crash notes': 'error',
      'outlast.reboot notes': 'failure',
      'outlast.restore notes': 'error',
      'outlast.restore cache': 'skipped',
      'outlast.down-volumes notes': 'passed',
    });
  });

  test('each suite counts what is in it', () => {
    const { suites } = read(fullReport());
    expect(suites).toHaveLength(7);
    for (const { told, inside } of suites) expect(told).toEqual(inside);
  });

  test.for([
    ['outlasts', 'passed'],
    ['loses', 'failure'],
    ['fails', 'failure'],
    ['inconclusive', 'error'],
  ] as const)('the verdict %s is a test that is %s, also where every cell is good', ([verdict, end]) => {
    expect(read({ ...sampleReport([goodCell]), verdict }).cases['outlast verdict']).toBe(end);
  });

  test('a failure brings its evidence', () => {
    expect(read(sampleReport([lostCell])).text).toContain('rows: o-n-notes-0-10, o-n-notes-0-11');
    expect(read(sampleReport([unknownCell, deadCell])).text).toContain('data survived, service unavailable');
  });

  test('characters that no XML may hold, and markup, come through as text', () => {
    const text = '\u001b[31m</failure>]]> & "x"\u0000';
    expect(read(sampleReport([{ ...lostCell, evidence: [{ kind: 'log', text }] }])).text).toContain(
      'log: \uFFFD[31m</failure>]]> & "x"\uFFFD',
    );
  });
});
