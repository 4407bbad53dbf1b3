import { h } from 'hastscript';
import type { Element } from 'hast';
import { Marked } from 'marked';
import type { ReportFinding } from '../model.ts';
import { rulePage } from '../rule-page.ts';
import { write, type Written } from './view.ts';

/** No anchor of a cell holds an underscore. `null` where there is nothing to go to. */
export function ruleAnchor(rule: string): string | null {
  return rulePage(rule) === null ? null : `rule_${rule}`;
}

/** The pages of the rules that have found something, each once: the report may lie where nothing else of Outlast does. */
export function rules(findings: readonly ReportFinding[]): Element | null {
  const pages = [...new Set(findings.map(({ rule }) => rule))].flatMap((rule) => {
    const [anchor, page] = [ruleAnchor(rule), rulePage(rule)];
    if (anchor === null || page === null) return [];
    return [h('details.cell', h('summary', h('h4', rule)), h('div.body', { id: anchor }, htmlOf(page.markdown)))];
  });
  return pages.length === 0 ? null : h('div', h('h3', 'The rules'), h('div.list', pages));
}

/** Below the heading of its rule. Examples keep the names of their files. */
const MARKDOWN = new Marked({
  async: false,
  renderer: {
    heading({ tokens }) {
      return `<h5>${this.parser.parseInline(tokens)}</h5>`;
    },
    code({ text, lang }) {
      const [, file] = lang?.split(' ') ?? [];
      return write(
        h(null, file === undefined ? null : h('p.where', h('code', file)), h('pre', { tabIndex: 0 }, h('code', text))),
      );
    },
  },
});

function htmlOf(markdown: string): Written {
  return { type: 'raw', value: MARKDOWN.parse(markdown) as string };
}
