import type { Rule } from '../rule.ts';
import * as backupVolumes from './backup-volumes.ts';
import * as bakedData from './baked-data.ts';
import * as bindSources from './bind-sources.ts';
import * as containerLayer from './container-layer.ts';
import * as destructiveScripts from './destructive-scripts.ts';
import * as dumps from './dumps.ts';
import * as earlierFiles from './earlier-files.ts';
import * as filesystems from './filesystems.ts';
import * as healthchecks from './healthchecks.ts';
import * as imageTags from './image-tags.ts';
import * as imageVolumes from './image-volumes.ts';
import * as inMemory from './in-memory.ts';
import * as migrations from './migrations.ts';
import * as otherFiles from './other-files.ts';
import * as owners from './owners.ts';
import * as projectName from './project-name.ts';
import * as redis from './redis.ts';
import * as services from './services.ts';
import * as sharedData from './shared-data.ts';
import * as sqliteCopies from './sqlite-copies.ts';
import * as stopping from './stopping.ts';

/** In the order of their hazards. */
export const RULES: readonly Rule[] = [
  backupVolumes,
  bakedData,
  bindSources,
  containerLayer,
  destructiveScripts,
  dumps,
  earlierFiles,
  filesystems,
  healthchecks,
  imageTags,
  imageVolumes,
  inMemory,
  migrations,
  otherFiles,
  owners,
  projectName,
  redis,
  services,
  sharedData,
  sqliteCopies,
  stopping,
]
  .flatMap((family): Rule[] => Object.values(family))
  .toSorted((a, b) => Number(a.hazard) - Number(b.hazard) || a.id.localeCompare(b.id));
