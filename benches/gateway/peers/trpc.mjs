// tRPC with pg, or with Prisma where DATABASE=prisma.
import { initTRPC } from '@trpc/server';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import { z } from 'zod';
import { POOL, READ, WRITE, pool, port, work } from './notes.mjs';

async function withPg() {
  const database = pool();
  return {
    read: async (id) => (await database.query({ ...READ, values: [id] })).rows[0]?.data ?? null,
    write: (id, text) => database.query({ ...WRITE, values: [id, { text }] }),
  };
}

async function withPrisma() {
  const { PrismaPg } = await import('@prisma/adapter-pg');
  const { PrismaClient } = await import('../generated/index.js');
  const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL, max: POOL });
  const { note } = new PrismaClient({ adapter });
  return {
    read: (id) => note.findUnique({ where: { id } }),
    write: (id, text) => note.update({ where: { id }, data: { text }, select: { id: true } }),
  };
}

const notes = await (process.env.DATABASE === 'prisma' ? withPrisma() : withPg());
const t = initTRPC.create();
const router = t.router({
  read: t.procedure.input(z.strictObject({ id: z.string() })).mutation(({ input }) => notes.read(input.id)),
  write: t.procedure.input(z.strictObject({ id: z.string(), text: z.string() })).mutation(async ({ input }) => {
    await notes.write(input.id, input.text);
    return true;
  }),
  work: t.procedure.input(z.strictObject({ size: z.number() })).mutation(({ input }) => work(input.size)),
});

createHTTPServer({ router }).listen(port, '127.0.0.1');
