import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { schema } from './config.ts';

export const SCHEMA_FILE = new URL('outlast.schema.json', import.meta.url);

/** What `outlast.yaml` may say, as JSON Schema of the draft that editors know. */
export function schemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(schema, { target: 'draft-07', io: 'input' }), null, 2)}\n`;
}

if (import.meta.main) await writeFile(SCHEMA_FILE, schemaText());
