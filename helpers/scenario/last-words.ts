import type { Project } from '../stack/stack.ts';

/** How much of a log is evidence. */
const LOG_LINES = 50;

/** What a service has said last; `null`: nothing. */
export async function lastWords(project: Project, service: string): Promise<string | null> {
  const args = ['logs', '--no-color', '--timestamps', '--tail', String(LOG_LINES), service];
  return (await project.compose(args)).stdout.trim() || null;
}
