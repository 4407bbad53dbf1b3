import { XmlDocument } from 'libxml2-wasm';
import { expect, test } from 'vitest';
import { VERDICTS } from '../helpers/verdict/expectation.ts';
import { renderBadge } from './badge.ts';
import { sampleReport } from './sample.ts';

test('each verdict has a badge of its own, in words and well-formed', () => {
  const told = VERDICTS.map((verdict) => {
    using document = XmlDocument.fromString(renderBadge({ ...sampleReport([]), verdict }));
    expect(document.root.name).toBe('svg');
    return document.get('/*/@aria-label')?.content;
  });
  expect(told).toEqual([
    'outlast: loses data',
    'outlast: service fails',
    'outlast: inconclusive',
    'outlast: data outlasts',
  ]);
});
