import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { reportSchema } from './model.ts';

export const SCHEMA_FILE = new URL('report.schema.json', import.meta.url);

/** The contract as JSON Schema, draft 2020-12. */
export function schemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(reportSchema, { target: 'draft-2020-12' }), null, 2)}\n`;
}

if (import.meta.main) await writeFile(SCHEMA_FILE, schemaText());
