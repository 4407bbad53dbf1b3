import { posix } from 'node:path';
import { DockerfileParser, type From, type Instruction, type JSONInstruction } from 'dockerfile-ast';
import { commandsIn } from './shell.ts';

/** A copy into the final stage of an image. */
interface ImageCopy {
  /** As written; relative to the context or to the other stage. */
  readonly sources: readonly string[];
  /** Absolute, as far as the WORKDIR is known. */
  readonly target: string;
  /** The stage or image that it comes from; `null` for the build context. */
  readonly from: string | null;
  readonly line: number;
}

/** What starts the container. */
export interface Start {
  readonly argv: readonly string[];
  /** Wrapped in `sh -c`. */
  readonly shell: boolean;
  readonly line: number;
}

/** What a Dockerfile says of its final stage, or of the one asked for. */
export interface Dockerfile {
  /** Absolute; the Compose file where the text stands in it. */
  readonly file: string;
  /** With build arguments filled in; `null` where one has no value. */
  readonly base: string | null;
  readonly volumes: readonly { readonly path: string; readonly line: number }[];
  readonly user: string | null;
  readonly workdir: string | null;
  readonly stopSignal: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly cmd: Start | null;
  readonly entrypoint: Start | null;
  /** Copies from the context into this stage and into the stages below it. */
  readonly copies: readonly ImageCopy[];
  /** Shell text of each RUN, in every stage. */
  readonly runs: readonly { readonly text: string; readonly line: number }[];
  /** Numeric ids of users that a RUN makes. */
  readonly users: ReadonlyMap<string, number>;
}

export interface DockerfileOptions {
  readonly file: string;
  /** Lines above the text in its file. */
  readonly offset?: number;
  readonly args: Readonly<Record<string, string | null>>;
  readonly target?: string | undefined;
}

/** Reads a Dockerfile. Pure; what it does not understand it leaves out. */
export function parseDockerfile(text: string, { file, offset = 0, args, target }: DockerfileOptions): Dockerfile {
  const parsed = DockerfileParser.parse(text);
  const stages = stagesOf(parsed.getInstructions());
  const defaults = parsed.getInitialARGs().flatMap((arg) => arg.getProperty() ?? []);
  const variables: Variables = {
    ...Object.fromEntries(defaults.map((property) => [property.getName(), property.getValue()])),
    ...args,
  };
  const wanted = stages.find((stage) => target !== undefined && stage.name === target) ?? stages.at(-1);
  const chain = wanted ? chainOf(wanted, stages, variables) : [];
  const [bottom] = chain;
  const image = new ImageUnderWay(variables);
  for (const instruction of chain.flatMap(({ instructions }) => instructions)) {
    image.apply(instruction, offset + instruction.getRange().start.line + 1);
  }
  const runs = stages.flatMap(({ instructions }) =>
    instructions
      .filter((instruction) => instruction.getKeyword() === 'RUN')
      .map((instruction) => ({
        text: instruction.getArgumentsContent() ?? '',
        line: offset + instruction.getRange().start.line + 1,
      })),
  );
  return {
    file,
    base: bottom ? expand(bottom.image, variables) : null,
    ...image.facts,
    runs,
    users: usersMadeBy(runs.map((run) => run.text)),
  };
}

type Variables = Readonly<Record<string, string | null>>;
type ImageFactsOfFile = Omit<Dockerfile, 'file' | 'base' | 'runs' | 'users'>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What the instructions so far have made of an image. */
class ImageUnderWay {
  readonly #args: Variables;
  readonly #facts: Mutable<ImageFactsOfFile> = {
    volumes: [],
    user: null,
    workdir: null,
    stopSignal: null,
    env: {},
    cmd: null,
    entrypoint: null,
    copies: [],
  };

  constructor(args: Variables) {
    this.#args = args;
  }

  get facts(): ImageFactsOfFile {
    return this.#facts;
  }

  apply(instruction: Instruction, line: number): void {
    const facts = this.#facts;
    const words = jsonOf(instruction) ?? instruction.getArguments().map((argument) => unquoted(argument.getValue()));
    const [first = ''] = words;
    switch (instruction.getKeyword()) {
      case 'VOLUME': {
        const paths = words.map((path) => this.#expand(path)).filter((path) => path !== null);
        facts.volumes = [...facts.volumes, ...paths.map((path) => ({ path, line }))];
        break;
      }
      case 'USER':
        facts.user = this.#expand(first);
        break;
      case 'WORKDIR':
        facts.workdir = this.#resolve(first);
        break;
      case 'STOPSIGNAL':
        facts.stopSignal = first;
        break;
      case 'ENV': {
        const set = propertiesOf(instruction).map(([name, value]) => [name, this.#expand(value) ?? value]);
        facts.env = { ...facts.env, ...Object.fromEntries(set) };
        break;
      }
      case 'CMD':
        facts.cmd = startOf(instruction, line);
        break;
      case 'ENTRYPOINT':
        facts.entrypoint = startOf(instruction, line);
        // A new ENTRYPOINT drops the CMD of the image below.
        facts.cmd = null;
        break;
      case 'COPY':
      case 'ADD': {
        const target = this.#resolve(words.at(-1) ?? '');
        if (target === null) break;
        const copy = { sources: words.slice(0, -1), target, from: fromFlag(instruction), line };
        facts.copies = [...facts.copies, copy];
        break;
      }
      default:
    }
  }

  #expand(text: string): string | null {
    return expand(text, { ...this.#args, ...this.#facts.env });
  }

  #resolve(text: string): string | null {
    const path = this.#expand(text);
    return path === null ? null : posix.resolve(this.#facts.workdir ?? '/', path);
  }
}

interface Stage {
  readonly name: string | null;
  readonly image: string;
  readonly instructions: readonly Instruction[];
}

function stagesOf(instructions: readonly Instruction[]): Stage[] {
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const instruction of instructions) {
    if (instruction.getKeyword() === 'FROM') {
      const from = instruction as From;
      stages.push({ name: from.getBuildStage(), image: from.getImage() ?? '', instructions: [] });
    } else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

/** The stage with the stages that it builds on, the lowest first. */
function chainOf(stage: Stage, stages: readonly Stage[], variables: Variables): Stage[] {
  const image = expand(stage.image, variables);
  const below = stages.slice(0, stages.indexOf(stage)).find(({ name }) => name !== null && name === image);
  return below ? [...chainOf(below, stages, variables), stage] : [stage];
}

/** `${X}`, `$X` and `${X:-y}`; `null` where one has no value. */
function expand(text: string, values: Variables): string | null {
  let unknown = false;
  const expanded = text.replaceAll(
    /\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))/g,
    (_, braced: string | undefined, fallback: string | undefined, plain: string | undefined) => {
      const value = values[braced ?? plain ?? ''] ?? fallback;
      if (value === undefined || value === null) unknown = true;
      return value ?? '';
    },
  );
  return unknown ? null : expanded;
}

function unquoted(text: string): string {
  return /^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text;
}

/** The strings of the JSON form; `null` for the shell form. */
function jsonOf(instruction: Instruction): string[] | null {
  const json = instruction as JSONInstruction;
  if (json.getOpeningBracket?.() === null || json.getClosingBracket?.() === null) return null;
  return json.getJSONStrings?.().map((argument) => argument.getJSONValue()) ?? null;
}

function startOf(instruction: Instruction, line: number): Start {
  const json = jsonOf(instruction);
  return json === null
    ? { argv: [instruction.getArgumentsContent() ?? ''], shell: true, line }
    : { argv: json, shell: false, line };
}

function propertiesOf(instruction: Instruction): [string, string][] {
  const properties = (
    instruction as unknown as { getProperties?: () => { getName(): string; getValue(): string | null }[] }
  ).getProperties?.();
  return (properties ?? []).map((property) => [property.getName(), property.getValue() ?? '']);
}

function fromFlag(instruction: Instruction): string | null {
  const flags = (instruction as JSONInstruction).getFlags?.() ?? [];
  return flags.find((flag) => flag.getName() === 'from')?.getValue() ?? null;
}

/** `useradd -u 1001 name`, `adduser -u 1001 name`, `echo 'name:x:1001:…' >> /etc/passwd`. */
function usersMadeBy(runs: readonly string[]): Map<string, number> {
  const users = new Map<string, number>();
  for (const { argv, writesTo } of runs.flatMap((run) => commandsIn(run))) {
    const [program = '', ...args] = argv;
    if (program === 'useradd' || program === 'adduser') {
      const flag = args.findIndex((arg) => arg === '-u' || arg === '--uid');
      const joined = args.find((arg) => arg.startsWith('--uid='))?.slice('--uid='.length);
      const id = Number(joined ?? args[flag + 1]);
      const name = args.at(-1);
      if ((joined !== undefined || flag >= 0) && Number.isInteger(id) && name !== undefined) users.set(name, id);
    }
    if (program === 'echo' && writesTo.includes('/etc/passwd')) {
      const [name = '', , id] = (args.at(-1) ?? '').split(':');
      if (name !== '' && id !== undefined && /^\d+$/.test(id)) users.set(name, Number(id));
    }
  }
  return users;
}
