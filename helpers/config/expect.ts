import { z } from 'zod';
import { DISRUPTIONS } from '../disruptions/catalogue.ts';
import { ACCEPTABLE } from '../verdict/expectation.ts';

/** What may become of a store, as nobody misses it. */
export const expectations = z.array(
  z.strictObject({
    store: z.string().min(1).describe('Id of the store.'),
    disruptions: z
      .array(z.enum(DISRUPTIONS.map(({ id }) => id)))
      .min(1)
      .optional()
      .describe('After which disruptions; after any where none are named.'),
    outcomes: z.array(z.enum(ACCEPTABLE)).min(1).describe('What may come of it besides what is expected anyway.'),
    reason: z.string().min(1).describe('Why nobody misses it. It stands in the report.'),
  }),
);
