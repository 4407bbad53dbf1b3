import { mustSurvive, RESTORED, type Disruption } from './disruption.ts';
import { destroySource } from './restore.ts';

export const newHost: Disruption = {
  id: 'new-host',
  title: 'everything is destroyed and comes back from the backup, on another, blank host',
  optional: true,
  needs: 'backup-and-host',
  claims: { changes: ['machine', 'boot', 'container', 'started', 'network', 'volume'], keeps: ['image'] },
  effect: RESTORED,
  expected: mustSurvive,
  inject: destroySource,
};
