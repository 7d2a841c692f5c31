import { defineMiddleware, mwfilter } from 'kontract';

async function* louder(items: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const item of items) yield item.toUpperCase();
}

export default defineMiddleware([
  async (ctx, next) => {
    if (ctx.route.name === '') return;
    await next();
  },
  // What `next` gives is the stream: it can be answered with another one.
  mwfilter({ egroup: 'loud' }, async (ctx, next) => louder((await next()) as AsyncIterable<string>)),
]);
