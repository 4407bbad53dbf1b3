import { z } from 'zod';
import { type Known, parts } from './model.ts';

const schema = z.strictObject({
  cells: z.array(parts.cell).optional(),
  stack: parts.stack.optional(),
  hosts: z.array(parts.host).optional(),
  stores: z.array(parts.store).optional(),
  claims: z.array(parts.claim).optional(),
  controls: z.array(parts.control).optional(),
});

/** What a test hands to the report: `task.meta.persistence`. Flat and JSON-safe; set before asserting. */
export type PersistenceMeta = Known<z.infer<typeof schema>>;

/** `null`: absent, or not what it should be. */
export function readMeta(meta: unknown): PersistenceMeta | null {
  const parsed = schema.safeParse(meta);
  return parsed.success ? parsed.data : null;
}

declare module 'vitest' {
  interface TaskMeta {
    persistence?: PersistenceMeta;
  }
}
