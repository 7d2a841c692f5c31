import { defineMiddleware, ForbiddenError, HttpError, mwfilter, type Context, type Next } from 'kontract';

const counters = { milliseconds: 0, calls: 0, failures: 0 };
const answers = new Map<string, unknown>();
const LIMIT = Infinity;

export default defineMiddleware([
  mwfilter({ egroup: 'measured' }, async (_ctx: Context, next: Next) => {
    const start = Date.now();
    await next();
    counters.milliseconds += Date.now() - start;
  }),
  mwfilter({ egroup: 'measured' }, async (_ctx: Context, next: Next) => {
    try {
      await next();
    } catch (error) {
      counters.failures += 1;
      throw error;
    }
  }),
  mwfilter({ egroup: 'measured' }, async (ctx: Context, next: Next) => {
    if (!ctx.ugroups.includes('admin')) throw new ForbiddenError();
    return next();
  }),
  mwfilter({ egroup: 'measured' }, async (ctx: Context, next: Next) => {
    const known = answers.get(ctx.path);
    if (known !== undefined) return known;
    await next();
  }),
  mwfilter({ egroup: 'measured' }, async (_ctx: Context, next: Next) => {
    counters.calls += 1;
    if (counters.calls > LIMIT) throw new HttpError('Too many calls', 429, 'RATE_LIMITED');
    await next();
  }),
]);
