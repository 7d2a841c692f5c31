// The servers that are compared: how they are started, and how a call is made.
import { join } from 'node:path';

const here = import.meta.dirname;
const peer = (name, file, env = {}) => ({
  name,
  command: (url) => ({ file: process.execPath, args: [join(here, 'peers', file)], env: { DATABASE_URL: url('postgres'), ...env } }),
  path: (scenario) => `/${scenario}`,
  body: (fields) => JSON.stringify(fields),
});

export const SERVERS = [
  {
    name: 'kontract',
    command: (url, port) => ({
      file: process.env.KONTRACT_BIN,
      args: ['serve', join(here, 'app'), '--port', String(port)],
      env: { DATABASE_URL: url('kontract'), KONTRACT_SECRET: 'a-secret-of-this-benchmark-4ac1e7b09d52' },
    }),
    path: (scenario) => `/rpc/${scenario}`,
    body: (fields) => JSON.stringify(Object.values(fields)),
  },
  peer('fastify + pg', 'fastify.mjs'),
  peer('Hono + pg', 'hono.mjs'),
  peer('tRPC + pg', 'trpc.mjs'),
  peer('tRPC + Prisma', 'trpc.mjs', { DATABASE: 'prisma' }),
];
