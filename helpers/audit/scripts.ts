import { basename, extname } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Scalar } from 'yaml';
import type { ShellOptions } from './shell.ts';

type ScriptKind = 'script' | 'npm' | 'make' | 'ci' | 'cron' | 'docs';

/** A piece of shell text in a file of the repository. */
export interface Script {
  readonly kind: ScriptKind;
  readonly file: string;
  /** What its author calls it: the npm script, the target, else the file. */
  readonly name: string;
  /** Lines of the file above the text. */
  readonly offset: number;
  readonly text: string;
  readonly options?: ShellOptions;
}

/** The shell text in a file. Pure; a file that holds none gives none. */
export function scriptsIn(file: string, text: string): Script[] {
  const name = basename(file);
  if (/\.(sh|bash)$/.test(name) || /^#!.*\b(ba|da|a)?sh\b/.test(text)) return [shellFile(file, text)];
  if (name === 'package.json') return npmScripts(file, text);
  if (/^(GNU)?[Mm]akefile$/.test(name) || extname(name) === '.mk') return recipes(file, text);
  if (name === 'crontab' || /\.cron(tab)?$/.test(name)) return cronJobs(file, text);
  if (/\.(md|markdown)$/i.test(name)) return fencedBlocks(file, text);
  if (isPipeline(file)) return pipelineSteps(file, text);
  return [];
}

/** Could `scriptsIn` find anything in a file of this name? */
export function mayHoldScripts(file: string): boolean {
  const name = basename(file);
  return (
    /\.(sh|bash|mk|md|markdown|cron|crontab)$/i.test(name) ||
    /^(package\.json|(GNU)?[Mm]akefile|crontab)$/.test(name) ||
    !name.includes('.') ||
    isPipeline(file)
  );
}

function isPipeline(file: string): boolean {
  return (
    /\/(\.github|\.forgejo|\.gitea)\/workflows\/[^/]+\.ya?ml$|\/\.circleci\/config\.yml$|\/\.woodpecker(\/[^/]+)?\.ya?ml$/.test(
      file,
    ) || /^(\.gitlab-ci|azure-pipelines|bitbucket-pipelines)\.ya?ml$/.test(basename(file))
  );
}

function shellFile(file: string, text: string): Script {
  const flags = /^#!\S*sh\s+(.*)$/m.exec(text.split('\n', 1)[0] ?? '')?.[1] ?? '';
  const options = { errexit: /(^|\s)-\w*e/.test(flags), pipefail: flags.includes('pipefail') };
  return { kind: 'script', file, name: basename(file), offset: 0, text, options };
}

function npmScripts(file: string, text: string): Script[] {
  // JSON is YAML, and YAML knows lines.
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent' });
  const scripts = document.get('scripts', true);
  if (document.errors.length > 0 || !isMap(scripts)) return [];
  return scripts.items.flatMap(({ key, value }): Script[] => {
    if (!isScalar(key) || !isScalar(value) || typeof value.value !== 'string') return [];
    const offset = lineOf(lines, value) - 1;
    return [{ kind: 'npm', file, name: String(key.value), offset, text: value.value }];
  });
}

/** Each target's recipe. `$$` is the shell's `$`; make's own variables stay as they stand. */
function recipes(file: string, text: string): Script[] {
  const scripts: Script[] = [];
  const pipefail = /^\s*(SHELL|\.SHELLFLAGS)\s*[:?]?=.*pipefail/m.test(text);
  const errexit = /^\s*\.SHELLFLAGS\s*[:?]?=.*-\w*e/m.test(text);
  let target = '';
  const rows = text.split('\n');
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] ?? '';
    const rule = /^([^\s#:=][^:=]*):(?!=)/.exec(row)?.[1];
    if (rule !== undefined) target = rule.trim();
    if (!row.startsWith('\t')) continue;
    const offset = index;
    const command = [row.replace(/^\t[@+-]*/, '')];
    while (command.at(-1)?.endsWith('\\') && index + 1 < rows.length) command.push(rows[++index] ?? '');
    scripts.push({
      kind: 'make',
      file,
      name: target,
      offset,
      text: command
        .join('\n')
        .replaceAll('$$', '$')
        .replaceAll(/\$\((\w+)\)/g, '${$1}'),
      options: { pipefail, errexit },
    });
  }
  return scripts;
}

function cronJobs(file: string, text: string): Script[] {
  return text.split('\n').flatMap((row, index): Script[] => {
    const job = /^\s*(?:@\w+\s+|(?:[\d*/,A-Za-z-]+\s+){5})(.+)$/.exec(row)?.[1];
    return job === undefined ? [] : [{ kind: 'cron', file, name: basename(file), offset: index, text: job }];
  });
}

function fencedBlocks(file: string, text: string): Script[] {
  const scripts: Script[] = [];
  const rows = text.split('\n');
  for (let index = 0; index < rows.length; index++) {
    const opening = /^\s*(```+|~~~+)\s*(sh|bash|shell|console|shellscript)\b/.exec(rows[index] ?? '');
    if (!opening) continue;
    const offset = index + 1;
    const block: string[] = [];
    const console = opening[2] === 'console';
    for (index++; index < rows.length && !(rows[index] ?? '').trim().startsWith(opening[1] ?? '```'); index++) {
      const row = rows[index] ?? '';
      // Of a session on the console only what was typed.
      block.push(/^\s*\$ /.test(row) ? row.replace(/^\s*\$ /, '') : console ? '' : row);
    }
    scripts.push({ kind: 'docs', file, name: basename(file), offset, text: block.join('\n') });
  }
  return scripts;
}

const STEPS: ReadonlySet<string> = new Set([
  'run',
  'script',
  'before_script',
  'after_script',
  'command',
  'commands',
  'bash',
]);

/** Every step of a pipeline that is shell text, whatever service runs it. */
function pipelineSteps(file: string, text: string): Script[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent' });
  if (document.errors.length > 0) return [];
  const onGitHub = /\/(\.github|\.forgejo|\.gitea)\//.test(file);
  const scripts: Script[] = [];
  const add = (node: Scalar, shell: unknown): void => {
    if (typeof node.value !== 'string' || !node.range) return;
    const block = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
    scripts.push({
      kind: 'ci',
      file,
      name: basename(file),
      offset: lineOf(lines, node) - (block ? 0 : 1),
      text: node.value,
      // Asked for by name, bash gets `-eo pipefail` there; else it is `bash -e`.
      options: onGitHub ? { errexit: true, pipefail: shell === 'bash' } : { errexit: true },
    });
  };
  const visit = (node: unknown): void => {
    if (isSeq(node)) for (const item of node.items) visit(item);
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (STEPS.has(name) && isScalar(value)) add(value, node.get('shell'));
      else if (STEPS.has(name) && isSeq(value)) for (const item of value.items) if (isScalar(item)) add(item, null);
      visit(value);
    }
  };
  visit(document.contents);
  return scripts;
}

function lineOf(lines: LineCounter, node: { range?: [number, number, number] | null | undefined }): number {
  return lines.linePos(node.range?.[0] ?? 0).line;
}
