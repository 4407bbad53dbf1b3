import { h } from 'hastscript';
import { duration } from '../duration.ts';
import { momentOf } from '../summary.ts';
import { facts, section, type View, type Part } from './view.ts';

/** What was tested, where, and by what. */
export function about({ report }: View): Part {
  const { stack, hosts, tool } = report;
  const changes = stack?.changes ?? [];
  return section(
    'about',
    'About this run',
    facts([
      ['Run', h('code', report.runId)],
      ['Started', momentOf(report.startedAt)],
      ['Took', duration(report.durationMs)],
      ['Outlast', tool.version],
      ['Seed', report.seed === null ? 'several' : h('code', report.seed)],
      ['Stack', stack === null ? 'not recorded' : stack.name],
      ['Compose files', stack === null ? 'not recorded' : stack.files.join(', ')],
      ['Commit', stack?.commit == null ? 'none' : h('code', stack.commit)],
      ['Digest', stack === null ? 'not recorded' : h('code', stack.digest)],
      ['Base image', stack?.baseImage ?? 'none'],
      ...hosts.map(
        ({ id, kind, engineVersion, composeVersion }) =>
          [`Host ${id}`, `${kind}, Docker Engine ${engineVersion}, Compose ${composeVersion}`] as const,
      ),
    ]),
    changes.length > 0
      ? h(
          'details',
          h('summary', `A copy of the stack was tested; ${changes.length} things were changed in it`),
          h(
            'ul.lines',
            changes.map((change) => h('li', change)),
          ),
        )
      : null,
  );
}
