import type { Rule } from '../rule.ts';
import { argvOf } from '../subject.ts';

export const redisWithoutAof: Rule = {
  id: 'redis-without-aof',
  hazard: '39',
  severity: 'warning',
  why: 'Without its append-only file Redis writes a snapshot every few minutes at most. A kill or a crash takes what came since the last one.',
  fix: 'Start it with `--appendonly yes`.',
  *check({ services, source }) {
    for (const { name, known, model, places } of services) {
      if (known?.engine !== 'redis') continue;
      const argv = argvOf(model, 'command') ?? [];
      const value = (flag: string): string | undefined =>
        argv.includes(flag) ? argv[argv.indexOf(flag) + 1] : undefined;
      const configured = argv.some((word) => word.endsWith('.conf'));
      const kept = places.some(({ placement: { layer } }) => layer === 'named-volume' || layer === 'bind');
      if (configured || value('--appendonly') === 'yes' || !kept) continue;
      const none = value('--save') === '';
      yield {
        service: name,
        severity: none ? 'error' : 'warning',
        at: source.locate('services', name, 'command'),
        title: none
          ? `${name} writes nothing to its volume: neither snapshots nor an append-only file.`
          : `${name} writes snapshots alone.`,
      };
    }
  },
};
