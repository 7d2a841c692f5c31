// A build on `kontract/node` and PostgreSQL, in a process that can be killed: `node node-process.mjs <dist>`.
import { resolve } from 'node:path';
import { serve } from 'kontract/node';
import pg from 'pg';

const { DATABASE_URL, KONTRACT_SECRET, DEADLINE_MS } = process.env;
const client = new pg.Pool({ connectionString: DATABASE_URL, max: 8 });
client.on('error', () => {});
const limits = { deadlineMs: Number(DEADLINE_MS) };
const server = await serve({ dist: resolve(process.argv[2]), port: 0, limits, postgres: { client, secret: KONTRACT_SECRET } });
console.log(JSON.stringify({ url: server.url }));
