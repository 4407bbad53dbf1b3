import { z } from 'zod';
import { MOST } from '../scenario/defaults.ts';

const UNITS = { MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const;

export const limits = z.strictObject({
  timeout: z
    .int()
    .min(1)
    .max(MOST.timeout)
    .optional()
    .describe('Seconds that services may take to become ready, as --timeout; 60.'),
  copy: z
    .string()
    .regex(/^[1-9]\d*(MiB|GiB|TiB)$/, 'a size as 500MiB or 20GiB')
    .transform((size) => Number(size.slice(0, -3)) * UNITS[size.slice(-3) as keyof typeof UNITS])
    .optional()
    .describe('How large a file or folder may be that is copied into the shadow; 10GiB.'),
});
