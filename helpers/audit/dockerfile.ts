import { posix } from 'node:path';
import { DockerfileParser, Keyword, type From, type Instruction, type JSONInstruction } from 'dockerfile-ast';
import { commandsIn } from './shell.ts';

/** A copy into the final stage of an image. */
export interface ImageCopy {
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
  /** Lines above the text in its file. */
  readonly offset: number;
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
  /** Shell text of RUN in this stage and in the others that the build may use. */
  readonly runs: readonly { readonly text: string; readonly line: number; readonly final: boolean }[];
  /** Numeric ids of users that a RUN makes. */
  readonly users: ReadonlyMap<string, number>;
}

export interface DockerfileOptions {
  readonly file: string;
  readonly offset?: number;
  readonly args: Readonly<Record<string, string | null>>;
  readonly target?: string | undefined;
}

/** Reads a Dockerfile. Pure; what it does not understand it leaves out. */
export function parseDockerfile(text: string, { file, offset = 0, args, target }: DockerfileOptions): Dockerfile {
  const parsed = DockerfileParser.parse(text);
  const stages = stagesOf(parsed.getInstructions());
  const defaults = Object.fromEntries(parsed.getInitialARGs().flatMap((arg) => {
    const property = arg.getProperty();
    return property ? [[property.getName(), property.getValue()]] : [];
  }));
  const variables: Record<string, string | null> = { ...defaults, ...args };
  const expand = (text: string): string | null => expandVariables(text, variables);

  const wanted = stages.find((stage) => target !== undefined && stage.name === target) ?? stages.at(-1);
  const chain = wanted ? chainOf(wanted, stages, expand) : [];
  const [bottom] = chain;
  const state: {
    volumes: { path: string; line: number }[];
    user: string | null;
    workdir: string | null;
    stopSignal: string | null;
    env: Record<string, string>;
    cmd: Start | null;
    entrypoint: Start | null;
    copies: ImageCopy[];
  } = { volumes: [], user: null, workdir: null, stopSignal: null, env: {}, cmd: null, entrypoint: null, copies: [] };

  for (const { instructions } of chain) {
    for (const instruction of instructions) {
      const line = offset + instruction.getRange().start.line + 1;
      const words = instruction.getArguments().map((argument) => unquoted(argument.getValue()));
      switch (instruction.getKeyword()) {
        case Keyword.VOLUME: {
          const listed = jsonOf(instruction) ?? words;
          state.volumes.push(...listed.flatMap((path) => {
            const expanded = expandVariables(path, { ...variables, ...state.env });
            return expanded === null ? [] : [{ path: expanded, line }];
          }));
          break;
        }
        case Keyword.USER:
          state.user = expandVariables(words[0] ?? '', { ...variables, ...state.env });
          break;
        case Keyword.WORKDIR: {
          const path = expandVariables(words[0] ?? '', { ...variables, ...state.env });
          state.workdir = path === null ? null : posix.resolve(state.workdir ?? '/', path);
          break;
        }
        case Keyword.STOPSIGNAL:
          state.stopSignal = words[0] ?? null;
          break;
        case Keyword.ENV:
          for (const [name, value] of propertiesOf(instruction)) {
            state.env[name] = expandVariables(value, { ...variables, ...state.env }) ?? value;
          }
          break;
        case Keyword.CMD:
          state.cmd = startOf(instruction, line);
          break;
        case Keyword.ENTRYPOINT:
          state.entrypoint = startOf(instruction, line);
          // A new ENTRYPOINT drops the CMD of the image below.
          state.cmd = null;
          break;
        case Keyword.COPY:
        case Keyword.ADD: {
          const paths = jsonOf(instruction) ?? words;
          const to = expandVariables(paths.at(-1) ?? '', { ...variables, ...state.env });
          if (to === null) break;
          state.copies.push({
            sources: paths.slice(0, -1),
            target: posix.resolve(state.workdir ?? '/', to),
            from: fromFlag(instruction),
            line,
          });
          break;
        }
        default:
      }
    }
  }
  const final = new Set(chain);
  const runs = stages.flatMap((stage) =>
    stage.instructions
      .filter((instruction) => instruction.getKeyword() === 'RUN')
      .map((instruction) => ({
        text: instruction.getArgumentsContent() ?? '',
        line: offset + instruction.getRange().start.line + 1,
        final: final.has(stage),
      })),
  );
  return {
    file,
    offset,
    base: bottom ? expand(bottom.image) : null,
    ...state,
    runs,
    users: usersMadeBy(runs.map(({ text: run }) => run)),
  };
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
function chainOf(stage: Stage, stages: readonly Stage[], expand: (text: string) => string | null): Stage[] {
  const image = expand(stage.image);
  const below = stages.slice(0, stages.indexOf(stage)).find(({ name }) => name !== null && name === image);
  return below ? [...chainOf(below, stages, expand), stage] : [stage];
}

/** `${X}`, `$X` and `${X:-y}`; `null` where one has no value. */
function expandVariables(text: string, values: Readonly<Record<string, string | null>>): string | null {
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
  const properties = (instruction as unknown as { getProperties?: () => { getName(): string; getValue(): string | null }[] }).getProperties?.();
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
