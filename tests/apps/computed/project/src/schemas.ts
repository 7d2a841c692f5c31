import { z } from 'zod';

export const userSchema = z.object({
  name: z.string(),
  email: z.email(),
  role: z.enum(['admin', 'user']),
  age: z.number().int().optional(),
  joined: z.date(),
  tags: z.set(z.string()),
  scores: z.map(z.string(), z.number()),
  contact: z.discriminatedUnion('by', [
    z.object({ by: z.literal('mail'), address: z.string() }),
    z.object({ by: z.literal('phone'), number: z.bigint() }),
  ]),
  position: z.tuple([z.number(), z.number().optional()]),
  flags: z.record(z.string(), z.boolean()),
  id: z.string().brand('UserId'),
  note: z.string().nullish(),
  bytes: z.instanceof(Uint8Array),
  extra: z.unknown(),
});
export type NewUser = z.infer<typeof userSchema>;

export const category = z.object({
  title: z.string(),
  get children() {
    return z.array(category);
  },
});
export type Category = z.infer<typeof category>;
