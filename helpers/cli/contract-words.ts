import { z } from 'zod';
import { reportSchema } from '../../reports/model.ts';
import { DISRUPTIONS } from '../disruptions/catalogue.ts';

/** Words that mean something in a report: a password that is called like one of them cannot be taken out of it. */
export function contractWords(): string[] {
  const words = DISRUPTIONS.map(({ id }) => id);
  JSON.stringify(z.toJSONSchema(reportSchema), (key, value: unknown) => {
    if (key === 'properties') words.push(...Object.keys(value as object));
    if (key === 'enum') words.push(...(value as string[]));
    if (key === 'const') words.push(String(value));
    return value;
  });
  return words;
}
