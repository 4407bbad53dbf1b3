import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { readConfig } from '../config/config.ts';
import { OutlastError } from '../errors.ts';
import type { ComposeFiles } from '../stack/compose-files.ts';
import type { ProjectModel, ServiceModel } from '../stack/project-model.ts';
import { laterVersionOf, laterVersions } from '../stack/later-version.ts';
import { ComposeDocument, readComposeSource, type ComposeSource } from './compose-source.ts';
import { dataPlacesOf } from './data-places.ts';
import { parseDockerfile, type Dockerfile } from './dockerfile.ts';
import { ignoredBy } from './dockerignore.ts';
import { factsOfDockerfile, type ImageFacts } from './image-facts.ts';
import { factsOfKnown, imageNameOf, knownImage } from './known-images.ts';
import { mountsOf } from './mounts.ts';
import { predictedStores } from './predict.ts';
import { earlierText, readRepository, readText } from './repository.ts';
import { mayHoldScripts, scriptsIn } from './scripts.ts';
import { commandsIn } from './shell.ts';
import {
  argvOf,
  isDatabaseFile,
  type AuditedScript,
  type AuditedService,
  type BindFacts,
  type Subject,
} from './subject.ts';

export interface SubjectOptions {
  readonly compose: ComposeFiles;
  readonly configFile?: string | null | undefined;
  /** What an engine says of an image; `null` where it does not have it, or where no engine answers. */
  readonly inspect?: (reference: string) => Promise<ImageFacts | null>;
  /** Of the machine that the stack runs on. */
  readonly platform: NodeJS.Platform;
}

/**
 * Reads what the rules look at. Nothing of the user's is executed.
 * @throws OutlastError NO_DOCKERFILE, CONFIG_INVALID
 */
export async function readSubject(
  model: ProjectModel,
  { compose, configFile, inspect, platform }: SubjectOptions,
): Promise<Subject> {
  const [source, repository, config] = await Promise.all([
    readComposeSource(compose.files),
    readRepository(compose.folder),
    readConfig(compose.folder, configFile),
  ]);
  const factsOf = async (reference: string): Promise<ImageFacts | null> => {
    const inspected = await inspect?.(reference);
    const table = factsOfKnown(reference);
    // The table knows which of an image's volumes hold its data.
    return inspected ? { ...inspected, data: table?.data ?? inspected.data } : table;
  };
  const asAudited = async (name: string, service: ServiceModel): Promise<AuditedService> => {
    const stores = (config?.stores ?? []).filter((store) => store.service === name);
    return auditedService(name, service, stores, source, factsOf);
  };
  const services = await Promise.all(Object.entries(model.services).map(async (named) => asAudited(...named)));
  const later = await Promise.all(
    [...laterVersions(model, config)].map(async ([name, version]) =>
      asAudited(name, laterVersionOf(model.services[name] ?? {}, version)),
    ),
  );
  return {
    folder: compose.folder,
    model,
    source,
    services,
    later: new Map(later.map((service) => [service.name, service])),
    scripts: await readScripts(repository.files),
    binds: await readBinds(services),
    tracked: repository.tracked,
    siblings: await readSiblings(compose),
    earlier: repository.root === null ? [] : await readEarlier(source),
    backup: config?.backup ?? null,
    stores: predictedStores(config, model),
    platform,
  };
}

async function auditedService(
  name: string,
  model: ServiceModel,
  stores: readonly { kind: string; path: string }[],
  source: ComposeSource,
  factsOf: (reference: string) => Promise<ImageFacts | null>,
): Promise<AuditedService> {
  const dockerfile = await readDockerfile(name, model, source);
  const reference = model.build ? null : (model.image ?? null);
  const below = dockerfile?.base ?? reference;
  const base = below === null ? null : await factsOf(below);
  const image = dockerfile ? factsOfDockerfile(dockerfile, base) : base;
  const known = below === null ? null : knownImage(below);
  const mounts = mountsOf(model);
  return {
    name,
    model,
    mounts,
    reference,
    dockerfile,
    image,
    known,
    places: dataPlacesOf({ name, model, mounts, image, known, stores }, source),
    commands: commandsOf(model),
    uid: uidOf(model, image, dockerfile, below),
    contextDatabases: model.build ? await contextDatabases(model.build.context) : [],
  };
}

/** @throws OutlastError NO_DOCKERFILE with the line of the build */
async function readDockerfile(
  name: string,
  { build }: ServiceModel,
  source: ComposeSource,
): Promise<Dockerfile | null> {
  if (!build) return null;
  const args = build.args ?? {};
  const target = build['target'] as string | undefined;
  const inline = build['dockerfile_inline'] as string | undefined;
  if (inline !== undefined) {
    const at = source.locate('services', name, 'build', 'dockerfile_inline');
    return parseDockerfile(inline, { file: at?.file ?? '', offset: at?.line ?? 0, args, target });
  }
  // A context that is fetched from elsewhere is not here to be read.
  if (!isAbsolute(build.context)) return null;
  const file = resolve(build.context, (build['dockerfile'] as string | undefined) ?? 'Dockerfile');
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const at = source.locate('services', name, 'build', 'dockerfile');
    throw new OutlastError('NO_DOCKERFILE', `${at ? `${at.file}:${at.line}: ` : ''}${name} is built from ${file}.`, {
      cause,
    });
  });
  return parseDockerfile(text, { file, args, target });
}

function commandsOf(model: ServiceModel): AuditedService['commands'] {
  const entrypoint = argvOf(model, 'entrypoint');
  const argv = [...(entrypoint ?? []), ...(argvOf(model, 'command') ?? [])];
  return argv.length === 0 ? [] : commandsIn(argv.map(quoted).join(' '));
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** `node` of the Node images: https://github.com/nodejs/docker-node/blob/main/24/bookworm-slim/Dockerfile */
const NODE_USER = 1000;

function uidOf(
  model: ServiceModel,
  image: ImageFacts | null,
  dockerfile: Dockerfile | null,
  base: string | null,
): number | null {
  const user = (model['user'] as string | undefined) ?? image?.user ?? null;
  if (user === null) return null;
  const [name = ''] = user.split(':');
  if (name === '' || name === 'root') return 0;
  if (/^\d+$/.test(name)) return Number(name);
  const made = dockerfile?.users.get(name);
  if (made !== undefined) return made;
  return name === 'node' && base !== null && imageNameOf(base).name === 'node' ? NODE_USER : null;
}

/** Deeper and more than this, a context is not looked through. */
const CONTEXT_DEPTH = 4;
const CONTEXT_ENTRIES = 5000;

async function contextDatabases(context: string): Promise<string[]> {
  if (!isAbsolute(context)) return [];
  const isIgnored = ignoredBy((await readText(join(context, '.dockerignore'))) ?? '');
  const found: string[] = [];
  const pending = [{ folder: context, depth: 0 }];
  let seen = 0;
  for (let next = pending.shift(); next !== undefined && seen < CONTEXT_ENTRIES; next = pending.shift()) {
    for (const entry of await readdir(next.folder, { withFileTypes: true }).catch(() => [])) {
      seen++;
      const path = join(next.folder, entry.name);
      if (entry.isDirectory() && next.depth < CONTEXT_DEPTH && entry.name !== 'node_modules' && entry.name !== '.git')
        pending.push({ folder: path, depth: next.depth + 1 });
      const name = relative(context, path);
      if (entry.isFile() && isDatabaseFile(name) && !isIgnored(name)) found.push(name);
    }
  }
  return found;
}

async function readScripts(files: readonly string[]): Promise<AuditedScript[]> {
  const read = await Promise.all(
    files.filter(mayHoldScripts).map(async (file) => {
      const text = await readText(file);
      return text === null ? [] : scriptsIn(file, text);
    }),
  );
  return read.flat().map((script) => ({ ...script, commands: commandsIn(script.text, script.options) }));
}

async function readBinds(services: readonly AuditedService[]): Promise<Map<string, BindFacts | null>> {
  const sources = services.flatMap(({ mounts }) =>
    mounts.flatMap(({ layer, source }) => (layer === 'bind' && source !== null ? [source] : [])),
  );
  const facts = await Promise.all(
    [...new Set(sources)].map(async (path): Promise<[string, BindFacts | null] | null> => {
      try {
        const { uid, gid, mode, ...found } = await stat(path).then((it) => ({
          uid: it.uid,
          gid: it.gid,
          mode: it.mode,
          file: it.isFile(),
          folder: it.isDirectory(),
        }));
        return [path, { kind: found.file ? 'file' : found.folder ? 'folder' : 'other', uid, gid, mode: mode & 0o777 }];
      } catch (error) {
        // What may not be looked at is not known to be absent.
        return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [path, null] : null;
      }
    }),
  );
  return new Map(facts.filter((one) => one !== null));
}

const COMPOSE_NAME = /^(docker-)?compose[.\w-]*\.ya?ml$/;

async function readSiblings({ files }: ComposeFiles): Promise<ComposeDocument[]> {
  const folder = dirname(files[0] ?? '');
  const names = (await readdir(folder).catch(() => [])).filter((name) => COMPOSE_NAME.test(basename(name)));
  const others = names.map((name) => join(folder, name)).filter((file) => !files.includes(file));
  const texts = await Promise.all(others.map(async (file) => ({ file, text: await readText(file) })));
  return texts.flatMap(({ file, text }) => (text === null ? [] : [new ComposeDocument(file, text)]));
}

async function readEarlier({ documents }: ComposeSource): Promise<ComposeDocument[]> {
  const texts = await Promise.all(
    documents.map(async ({ file, text }) => ({ file, text: await earlierText(file, text) })),
  );
  return texts.flatMap(({ file, text }) => (text === null ? [] : [new ComposeDocument(file, text)]));
}
