import { z } from 'zod';

const image = z.string().min(1).describe('The tag or digest of its later version.');
const args = z
  .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]).transform(String))
  .refine((all) => Object.keys(all).length > 0, 'at least one build argument')
  .describe('Arguments of its build that make the later version; the others stay as they are.');

const later = z.union(
  [z.strictObject({ image }), z.strictObject({ args })],
  'either `image` with the later tag, or `args` with the build arguments of the later version',
);

/** The later version that a rebuild brings, by service. */
export const rebuild = z.record(z.string().min(1), later);

export type LaterVersion = z.infer<typeof later>;
