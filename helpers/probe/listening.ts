import { readFileSync } from 'node:fs';

/** TCP_LISTEN of the kernel's tcp_states.h, and the flag __SO_ACCEPTCON of net.h, as /proc prints them. */
const TCP_LISTEN = '0A';
const ACCEPTS_CONNECTIONS = '00010000';

/** The sockets of this network namespace that wait for connections, as text to compare; see proc(5). */
export function listeningSockets(): string {
  const tcp = ['tcp', 'tcp6'].flatMap((table) =>
    rowsOf(table)
      .filter(([, , , state]) => state === TCP_LISTEN)
      .map(([, local]) => local),
  );
  const unix = rowsOf('unix')
    .filter(([, , , flags]) => flags === ACCEPTS_CONNECTIONS)
    .map(([, , , , , , inode]) => inode);
  return [...tcp, ...unix].join(' ');
}

function rowsOf(table: string): string[][] {
  try {
    const [, ...rows] = readFileSync(`/proc/net/${table}`, 'utf8').trimEnd().split('\n');
    return rows.map((row) => row.trim().split(/\s+/));
  } catch {
    // A kernel without this protocol.
    return [];
  }
}
