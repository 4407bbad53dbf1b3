import { makeBadge } from 'badge-maker';
import type { Report, Verdict } from './model.ts';

const WORDS: Readonly<Record<Verdict, { readonly message: string; readonly color: string }>> = {
  outlasts: { message: 'data outlasts', color: 'brightgreen' },
  loses: { message: 'loses data', color: 'red' },
  fails: { message: 'service fails', color: 'orange' },
  inconclusive: { message: 'inconclusive', color: 'lightgrey' },
};

/** The verdict as a badge (SVG). */
export function renderBadge({ verdict }: Report): string {
  return `${makeBadge({ label: 'outlast', ...WORDS[verdict] })}\n`;
}
