import type { Backup } from '../config/backup.ts';
import type { ProjectModel, ServiceModel } from '../stack/project-model.ts';
import type { ComposeDocument, ComposeSource } from './compose-source.ts';
import type { Dockerfile } from './dockerfile.ts';
import type { Location } from './finding.ts';
import type { ImageFacts } from './image-facts.ts';
import type { KnownImage } from './known-images.ts';
import type { Mount, StaticPlacement } from './mounts.ts';
import type { PredictedStore } from './predict.ts';
import type { Script } from './scripts.ts';
import type { ShellCommand } from './shell.ts';

/** A place where a service is known to keep data. */
export interface DataPlace {
  readonly path: string;
  /** Who says so. */
  readonly origin: 'image' | 'store' | 'environment' | 'mount';
  /** The variable, for `environment`. */
  readonly variable: string | null;
  readonly sqlite: boolean;
  readonly placement: StaticPlacement;
  readonly at: Location | null;
}

export interface AuditedService {
  readonly name: string;
  readonly model: ServiceModel;
  readonly mounts: readonly Mount[];
  /** What it is pulled as; `null` where it is built. */
  readonly reference: string | null;
  readonly dockerfile: Dockerfile | null;
  /** `null`: nothing is known of the image. */
  readonly image: ImageFacts | null;
  /** The well-known image that it is, or is built on. */
  readonly known: KnownImage | null;
  readonly places: readonly DataPlace[];
  /** What Compose starts in place of the image's own command, as simple commands. */
  readonly commands: readonly ShellCommand[];
  /** Numeric id that the container begins with; `null`: not known. */
  readonly uid: number | null;
  /** Database files of the build context that .dockerignore does not keep out; relative to it. */
  readonly contextDatabases: readonly string[];
}

/** What lies at the source of a bind. */
export interface BindFacts {
  readonly kind: 'file' | 'folder' | 'other';
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
}

export interface AuditedScript extends Script {
  readonly commands: readonly ShellCommand[];
}

/** All that the rules look at. What was not read is not in it, and the rules that need it are silent. */
export interface Subject {
  /** Of the first Compose file. */
  readonly folder: string;
  readonly model: ProjectModel;
  readonly source: ComposeSource;
  readonly services: readonly AuditedService[];
  /** As a rebuild makes them, where the configuration names a later version. */
  readonly later: ReadonlyMap<string, AuditedService>;
  readonly scripts: readonly AuditedScript[];
  /** By absolute path; `null`: nothing is there. */
  readonly binds: ReadonlyMap<string, BindFacts | null>;
  /** Absolute paths that git tracks; `null`: no repository. */
  readonly tracked: ReadonlySet<string> | null;
  /** Other Compose files beside those that were named. */
  readonly siblings: readonly ComposeDocument[];
  /** The Compose files before their last change, as far as git keeps them. */
  readonly earlier: readonly ComposeDocument[];
  readonly backup: Backup | null;
  /** Those of the configuration, or one on every mount. */
  readonly stores: readonly PredictedStore[];
  readonly platform: NodeJS.Platform;
}

/** Values of the environment as Compose resolved them. */
export function environmentOf(model: ServiceModel): Readonly<Record<string, string | null>> {
  return model.environment ?? {};
}

/** An argument vector as Compose resolved it; `null`: the image's own. */
export function argvOf(model: ServiceModel, key: 'command' | 'entrypoint'): readonly string[] | null {
  const argv = model[key] as readonly string[] | null | undefined;
  // In its output Compose doubles what it would interpolate otherwise.
  return argv?.map((word) => word.replaceAll('$$', '$')) ?? null;
}

/** The restart policy that the engine gets. */
export function restartPolicyOf(model: ServiceModel): string {
  const deploy = model['deploy'] as { restart_policy?: { condition?: string } } | undefined;
  return (
    model.restart ??
    { any: 'always', none: 'no' }[deploy?.restart_policy?.condition ?? ''] ??
    deploy?.restart_policy?.condition ??
    'no'
  );
}

/** Does the engine start it again after a boot? Not `on-failure`: that is for a container that ended by itself. */
export function comesBackAtBoot(model: ServiceModel): boolean {
  return ['always', 'unless-stopped'].includes(restartPolicyOf(model));
}

/** Does another service wait for its end? */
export function isOneOff(model: ProjectModel, name: string): boolean {
  return Object.values(model.services).some(
    ({ depends_on: needs }) => needs?.[name]?.condition === 'service_completed_successfully',
  );
}

/** A duration as Compose writes it, in milliseconds; `null` for none. */
export function milliseconds(duration: unknown): number | null {
  if (typeof duration !== 'string') return null;
  const units: Record<string, number> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const parts = [...duration.matchAll(/([\d.]+)(us|ms|s|m|h)/g)];
  return parts.length === 0
    ? null
    : parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ''] ?? 0), 0);
}

const DATABASE_FILE = /\.(db|db3|sqlite|sqlite3)$/i;

/** Is this the name of a SQLite database? */
export function isDatabaseFile(path: string): boolean {
  return DATABASE_FILE.test(path);
}

export function locationIn(script: Script, command: ShellCommand): Location {
  return { file: script.file, line: script.offset + command.line };
}
