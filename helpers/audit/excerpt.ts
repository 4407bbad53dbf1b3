import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { codeFrameColumns } from '@babel/code-frame';
import { Redactor } from '../redact.ts';
import type { ComposeSource } from './compose-source.ts';
import type { Finding } from './finding.ts';
import type { Subject } from './subject.ts';

/** Keys of a Compose file whose values may be secret. */
const SECRET_PATHS: readonly (readonly string[])[] = [
  ['services', '*', 'environment'],
  ['services', '*', 'build', 'args'],
  ['secrets'],
  ['configs'],
];
const MASK = '•••';

/** The text of a Compose file with every value of its environment, secrets and configs masked. Lines stay where they are. */
function maskedCompose(source: ComposeSource, file: string): string | null {
  const document = source.documents.find((each) => each.file === file);
  if (!document) return null;
  const ranges = SECRET_PATHS.flatMap((path) => document.scalarsAt(path)).toSorted(([a], [b]) => b - a);
  return ranges.reduce((text, [start, end]) => {
    const value = text.slice(start, end);
    // `KEY=value` keeps its key.
    const key = /^(["']?[A-Za-z_]\w*=)/.exec(value)?.[1] ?? '';
    return text.slice(0, start) + key + MASK + value.replaceAll(/[^\n]/g, '') + text.slice(end);
  }, document.text);
}

/** What looks like a secret in other files, taken out. */
function redacted(text: string): string {
  const redactor = new Redactor();
  redactor.learnCommands(text);
  return redactor.text(text);
}

/** The findings, each with its line, one above and one below, numbered and with everything secret masked. */
export async function withExcerpts(findings: readonly Finding[], { folder, source }: Subject): Promise<Finding[]> {
  const files = new Set(findings.flatMap(({ file }) => (file === null ? [] : [file])));
  const texts = new Map(
    await Promise.all(
      [...files].map(async (name) => {
        const file = resolve(folder, name);
        const text = maskedCompose(source, file) ?? (await readFile(file, 'utf8').then(redacted, () => null));
        return [name, text] as const;
      }),
    ),
  );
  return findings.map((finding) => {
    const { file, line } = finding;
    const text = file === null ? null : (texts.get(file) ?? null);
    return text === null || line === null ? finding : { ...finding, excerpt: excerptOf(text, line) };
  });
}

function excerptOf(text: string, line: number): string {
  // Without a column, whatever the types say, the line itself is marked and no place in it.
  const start = { line } as Parameters<typeof codeFrameColumns>[1]['start'];
  return codeFrameColumns(text, { start }, { linesAbove: 1, linesBelow: 1 });
}
