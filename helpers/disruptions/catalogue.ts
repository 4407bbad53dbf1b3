import { OutlastError } from '../errors.ts';
import { crash } from './crash.ts';
import type { Disruption } from './disruption.ts';
import { downUp } from './down-up.ts';
import { downVolumes } from './down-volumes.ts';
import { engineUpgrade } from './engine-upgrade.ts';
import { kill } from './kill.ts';
import { moveProject } from './move-project.ts';
import { newHost } from './new-host.ts';
import { prune } from './prune.ts';
import { reboot } from './reboot.ts';
import { rebuild } from './rebuild.ts';
import { recreate } from './recreate.ts';
import { restart } from './restart.ts';
import { restore } from './restore.ts';
import { stopStart } from './stop-start.ts';
import { uidMismatch } from './uid-mismatch.ts';

/** In the order in which they run: the one that must lose data comes last, so that none after it needs a fresh stack. */
export const DISRUPTIONS: readonly Disruption[] = [
  restart,
  stopStart,
  kill,
  recreate,
  rebuild,
  downUp,
  prune,
  moveProject,
  reboot,
  crash,
  engineUpgrade,
  uidMismatch('both'),
  restore,
  newHost,
  downVolumes,
];

/** @throws OutlastError UNKNOWN_DISRUPTION */
export function disruptionOf(id: string): Disruption {
  const found = DISRUPTIONS.find((disruption) => disruption.id === id);
  if (!found) {
    throw new OutlastError('UNKNOWN_DISRUPTION', `"${id}" is none of ${DISRUPTIONS.map((one) => one.id).join(', ')}.`);
  }
  return found;
}
