import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { validator } from 'hono/validator';
import { z } from 'zod';
import { READ, WRITE, pool, port, work } from './notes.mjs';

const database = pool();
const app = new Hono();
const body = (shape) => {
  const schema = z.strictObject(shape);
  return validator('json', (value, c) => {
    const parsed = schema.safeParse(value);
    return parsed.success ? parsed.data : c.text('Invalid', 400);
  });
};

app.post('/read', body({ id: z.string() }), async (c) => {
  const { rows } = await database.query({ ...READ, values: [c.req.valid('json').id] });
  return c.json({ result: rows[0]?.data ?? null });
});
app.post('/write', body({ id: z.string(), text: z.string() }), async (c) => {
  const { id, text } = c.req.valid('json');
  await database.query({ ...WRITE, values: [id, { text }] });
  return c.json({ result: true });
});
app.post('/work', body({ size: z.number() }), (c) => c.json({ result: work(c.req.valid('json').size) }));

serve({ fetch: app.fetch, port, hostname: '127.0.0.1' });
