import { h } from 'hastscript';
import { scrollable, section, type View, type Part } from './view.ts';

/** Stacks that were broken on purpose, and whether that was noticed. */
export function controls({ report }: View): Part | null {
  if (report.controls.length === 0) return null;
  const caught = report.controls.filter((control) => control.caught).length;
  return section(
    'controls',
    'Can the check fail?',
    h(
      'p.lead',
      `Stacks broken on purpose must be caught, or no verdict here is worth anything: ${caught} of ${report.controls.length} were.`,
    ),
    scrollable(
      'Sabotaged stacks',
      h(
        'table.plain',
        h(
          'thead',
          h(
            'tr',
            ['sabotaged stack', 'must show', 'has shown', 'caught'].map((head) => h('th', { scope: 'col' }, head)),
          ),
        ),
        h(
          'tbody',
          report.controls.map((control) =>
            h(
              'tr',
              h('th', { scope: 'row' }, control.id),
              h('td', control.expected),
              h('td', control.outcome, control.reason === null ? null : h('span.quiet', ` ${control.reason}`)),
              h(
                'td',
                h(
                  'span.chip',
                  { className: [control.caught ? 'good' : 'bad'] },
                  control.caught ? '✓ caught' : '✗ not caught',
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
