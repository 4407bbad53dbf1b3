import { readFileSync } from 'node:fs';
import { XmlDocument, type XmlElement, XmlValidateError, XsdValidator } from 'libxml2-wasm';
import { describe, expect, test } from 'vitest';
import { renderJunit } from './junit.ts';
import { deadCell, fullReport, goodCell, largeReport, lostCell, sampleReport, unknownCell } from './sample.ts';
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

/** @throws Error with the line that is not valid */
const check = (text: string): void => {
  using schema = XmlDocument.fromString(readFileSync(new URL('junit.xsd', import.meta.url), 'utf8'));
  using validator = XsdValidator.fromDoc(schema);
  using document = XmlDocument.fromString(text);
  validator.validate(document);
};

describe('the schema of the format', () => {
  const severalHosts = sampleReport([goodCell, { ...lostCell, disruption: 'restart', host: 'h2' }]);

  test.for([
    ['every part of the model', fullReport()],
    ['50 stores and 20 disruptions', largeReport(50, 20)],
    ['failures', sampleReport([lostCell, deadCell])],
    ['what nobody knows', sampleReport([unknownCell])],
    ['several hosts', severalHosts],
    ['nothing', sampleReport([])],
  ] as const)('holds for %s', ([, report]) => {
    expect(() => check(renderJunit(report))).not.toThrow();
  });

  test.for([
    ['a key that no CI server knows', '<testcase ', '<testcase reason="x" '],
    ['a number that is none', 'failures="', 'failures="x'],
    ['a time with a comma', 'time="1.', 'time="1,'],
    ['a moment with a zone', /timestamp="([^"]*)"/, 'timestamp="$1Z"'],
    ['a case without a class', / classname="[^"]*"/, ''],
    ['a failure without its type', /<failure type="[^"]*"/, '<failure'],
    ['two cases of one name', 'classname="outlast.restart" name="cache"', 'classname="outlast.restart" name="notes"'],
  ] as const)('refuses %s', ([, from, to]) => {
    const text = renderJunit(fullReport());
    expect(text.replace(from, to)).not.toBe(text);
    expect(() => check(text.replace(from, to))).toThrow(XmlValidateError);
  });
});

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
