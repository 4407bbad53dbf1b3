import { makeBadge } from 'badge-maker';
import type { Report, Verdict } from './model.ts';
import { tallyOf } from './summary.ts';

const WORDS: Readonly<Record<Verdict, { readonly message: string; readonly color: string }>> = {
  outlasts: { message: 'data outlasts', color: 'brightgreen' },
  loses: { message: 'loses data', color: 'red' },
  fails: { message: 'service fails', color: 'orange' },
  inconclusive: { message: 'inconclusive', color: 'lightgrey' },
};

/** The verdict as a badge (SVG), with how much was not tried. */
export function renderBadge({ verdict, cells }: Report): string {
  const { message, color } = WORDS[verdict];
  const { untried } = tallyOf({ cells });
  const told = untried === 0 ? message : `${message}, ${untried} not tried`;
  return `${makeBadge({ label: 'outlast', message: told, color })}\n`;
}
