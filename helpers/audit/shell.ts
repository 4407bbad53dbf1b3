import { forEachChild, parse, type Command, type Redirect, type SyntaxNode } from 'unbash';
import { dockerCommandOf, type DockerCommand } from './docker-command.ts';

/** One simple command of a shell script. Words are literal as far as they are; an expansion stands there as written. */
export interface ShellCommand {
  readonly argv: readonly string[];
  /** From 1, in the text that was given. */
  readonly line: number;
  /** Every program that runs within it: itself, without `sudo` and its like; what `docker exec` and `sh -c` start. */
  readonly runs: readonly (readonly string[])[];
  readonly docker: DockerCommand | null;
  /** Files that it writes by redirection. */
  readonly writesTo: readonly string[];
  /** All commands of its pipeline, in order, itself among them. */
  readonly pipeline: readonly ShellCommand[];
  /** Does a pipeline fail with any of its commands? */
  readonly pipefail: boolean;
  /** Does the script end at the first failure? */
  readonly errexit: boolean;
  /** Does it run only where a command before it has succeeded? */
  readonly guarded: boolean;
}

export interface ShellOptions {
  readonly pipefail?: boolean;
  readonly errexit?: boolean;
}

/** Every simple command of a script, in order, those in functions, substitutions and `sh -c` included. Nothing is executed. */
export function commandsIn(text: string, options: ShellOptions = {}): ShellCommand[] {
  const found: ShellCommand[] = [];
  const state = { pipefail: options.pipefail ?? false, errexit: options.errexit ?? false };
  const lines = new LineIndex(text);

  const visit = (node: SyntaxNode, guarded: boolean, pipeline: ShellCommand[] | null): void => {
    if (node.type === 'Pipeline') {
      const shared: ShellCommand[] = [];
      for (const command of node.commands) visit(command, guarded, shared);
    } else if (node.type === 'AndOr') {
      node.commands.forEach((command, index) => {
        visit(command, guarded || (index > 0 && node.operators[index - 1] === '&&'), null);
      });
    } else if (node.type === 'If') {
      visit(node.clause, guarded, null);
      visit(node.then, true, null);
      for (const branch of node.elif) visit(branch, true, null);
      if (node.else) visit(node.else, guarded, null);
    } else {
      if (node.type === 'Command') emit(node, guarded, pipeline ?? []);
      forEachChild(node, (child) => visit(child, guarded, null));
    }
  };

  const emit = (node: Command, guarded: boolean, pipeline: ShellCommand[]): void => {
    const words = [node.name, ...node.args].flatMap((word) => {
      if (!word) return [];
      return [word.type === 'Assignment' ? word.text : word.value];
    });
    if (words.length === 0) return;
    setOptions(words, state);
    const line = lines.at(node.pos);
    const nested: ShellCommand[] = [];
    const runs = unwrapped(words, (script) => {
      const within = commandsIn(script, {}).map((command) => ({ ...command, line }));
      nested.push(...within);
      return within.flatMap((command) => command.runs);
    });
    const command: ShellCommand = {
      argv: words,
      line,
      runs,
      docker: runs.map(dockerCommandOf).find((docker) => docker !== null) ?? null,
      writesTo: node.redirects
        .filter((each): each is Redirect => each.type === 'Redirect' && WRITES.has(each.operator))
        .flatMap(({ target }) => (target ? [target.value] : [])),
      pipeline,
      ...state,
      guarded,
    };
    pipeline.push(command);
    found.push(command, ...nested);
  };

  visit(parse(text), false, null);
  return found;
}

const WRITES: ReadonlySet<string> = new Set(['>', '>>', '>|', '&>', '&>>']);
export const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'ash', 'dash', 'zsh']);
/** Programs that run another one, with their flags that take a value. */
const WRAPPERS: Readonly<Record<string, readonly string[]>> = {
  sudo: ['-u', '-g'],
  doas: ['-u'],
  nohup: [],
  exec: [],
  command: [],
  time: [],
  nice: ['-n'],
  ionice: ['-c', '-n'],
  env: ['-u'],
  timeout: ['-s', '-k'],
  xargs: ['-n', '-I', '-P', '-L', '-d'],
  gosu: [],
  'su-exec': [],
  tini: [],
  'dumb-init': [],
};
/** How many words of their own stand before the program that they run. */
const OWN_WORDS: Readonly<Record<string, number>> = { timeout: 1, gosu: 1, 'su-exec': 1 };

/** The program itself and what it starts. */
function unwrapped(
  argv: readonly string[],
  inShell: (script: string) => readonly (readonly string[])[],
): (readonly string[])[] {
  const program = argv[0]?.split('/').at(-1) ?? '';
  const valueFlags = WRAPPERS[program];
  if (valueFlags) {
    const rest = argv.slice(1);
    while (rest[0]?.startsWith('-') || /^\w+=/.test(rest[0] ?? '')) {
      if (valueFlags.includes(rest.shift() as string)) rest.shift();
    }
    const inner = rest.slice(OWN_WORDS[program] ?? 0);
    return inner.length > 0 ? unwrapped(inner, inShell) : [argv];
  }
  if (SHELLS.has(program)) {
    const flag = argv.findIndex((word) => /^-\w*c$/.test(word));
    const script = flag > 0 ? argv[flag + 1] : undefined;
    return script === undefined ? [argv] : [argv, ...inShell(script)];
  }
  const docker = dockerCommandOf(argv);
  const inner = docker && (docker.verb === 'exec' || docker.verb === 'run') ? docker.operands.slice(1) : [];
  return inner.length > 0 ? [argv, ...unwrapped(inner, inShell)] : [argv];
}

/** `set -euo pipefail` and its parts. */
function setOptions(words: readonly string[], state: { pipefail: boolean; errexit: boolean }): void {
  if (words[0] !== 'set') return;
  words.forEach((word, index) => {
    if (/^-\w*e/.test(word)) state.errexit = true;
    if (/^\+\w*e/.test(word)) state.errexit = false;
    const option = /^[-+]\w*o$/.test(words[index - 1] ?? '') ? word : null;
    const on = words[index - 1]?.startsWith('-') ?? false;
    if (option === 'pipefail') state.pipefail = on;
    if (option === 'errexit') state.errexit = on;
  });
}

class LineIndex {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  /** The line, from 1, that holds an offset. */
  at(offset: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}
