import { renderBadge } from './badge.ts';
import { renderHtml } from './html/page.ts';
import { renderJson } from './json.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import type { Report } from './model.ts';
import { renderSarif } from './sarif.ts';
import { renderTerminal } from './terminal.ts';

/** Every view of the model that is a text. */
export const FORMATS = {
  html: renderHtml,
  json: renderJson,
  junit: renderJunit,
  markdown: renderMarkdown,
  badge: renderBadge,
  sarif: renderSarif,
  terminal: (report) => `${renderTerminal(report)}\n`,
} as const satisfies Record<string, (report: Report) => string>;
export type Format = keyof typeof FORMATS;
