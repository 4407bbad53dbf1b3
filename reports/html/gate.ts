import { h } from 'hastscript';
import type { Element } from 'hast';
import { section, type Part, type View } from './view.ts';

/** Whether the policy lets the stack be deployed, and what it accepts. */
export function gate({ report }: View): Part | null {
  if (report.gate === null) return null;
  const { decision, reasons, accepted } = report.gate;
  const tone = decision === 'allowed' ? 'good' : 'bad';
  return section(
    'gate',
    'The gate',
    h(
      'p.lead',
      'By the policy in outlast.yaml, at the end of this run, the deploy is ',
      h('span.chip', { className: [tone] }, decision),
    ),
    lines(reasons.map(({ code, text }) => [h('code', code), ` ${text}`])),
    accepted.length === 0 ? null : h('h3', `Accepted: ${accepted.length}`),
    lines(accepted.map(({ what, reason, until }) => [`${what}: ${reason}, until ${until}`])),
  );
}

function lines(items: readonly (Element | string)[][]): Element | null {
  if (items.length === 0) return null;
  return h(
    'ul.lines',
    items.map((item) => h('li', item)),
  );
}
