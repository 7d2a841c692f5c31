import fastify from 'fastify';
import { READ, WRITE, pool, port, work } from './notes.mjs';

const database = pool();
const app = fastify();
const body = (properties) => ({ schema: { body: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false } } });

app.post('/read', body({ id: { type: 'string' } }), async ({ body: { id } }) => {
  const { rows } = await database.query({ ...READ, values: [id] });
  return { result: rows[0]?.data ?? null };
});
app.post('/write', body({ id: { type: 'string' }, text: { type: 'string' } }), async ({ body: { id, text } }) => {
  await database.query({ ...WRITE, values: [id, { text }] });
  return { result: true };
});
app.post('/work', body({ size: { type: 'number' } }), async ({ body: { size } }) => ({ result: work(size) }));

await app.listen({ port, host: '127.0.0.1' });
