/** A table of plain cells. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(plain).join(' | ')} |`).join('\n');
}

/** Text from outside, on one line, that opens no markup. */
export function plain(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*|[\]]/g, (sign) => `\\${sign}`)
    .replaceAll(/\s*\n\s*/g, ' ⏎ ');
}
