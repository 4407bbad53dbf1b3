import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const entry = z.discriminatedUnion('kind', [
  /** An engine that is not ours, on which the run works, in the form of DOCKER_HOST. */
  z.object({ kind: z.literal('engine'), endpoint: z.string() }),
  /** A volume of the ambient engine that carries no label. */
  z.object({ kind: z.literal('volume'), name: z.string() }),
  /** A folder outside of the home. */
  z.object({ kind: z.literal('folder'), path: z.string() }),
  /** A process of this machine; `mark` is one of the arguments of its command line. */
  z.object({ kind: z.literal('process'), pid: z.number(), startTime: z.string(), mark: z.string() }),
]);

/** Where a run has worked, or something that it has made and that carries no label of it. */
export type JournalEntry = z.infer<typeof entry>;

/** Writes an entry down before its maker goes on: what is not written is not found by a sweep. */
export function appendToJournal(file: string, item: JournalEntry): void {
  appendFileSync(file, `${JSON.stringify(item)}\n`, { mode: 0o600 });
}

/** All entries of a journal. The last line may be torn, for its writer may have died over it. */
export async function readJournal(file: string): Promise<JournalEntry[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const parsed = entry.safeParse(parseLine(line));
    return parsed.success ? [parsed.data] : [];
  });
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
