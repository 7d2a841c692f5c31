import { defineMiddleware, mwfilter } from 'kontract';

export default defineMiddleware([
  async (ctx, next) => {
    /* 💥💥 */ const path = ctx.path as string; await next();
    if (path === 'after') throw new Error('after 💥');
  },
  mwfilter({ egroup: 'probe' }, async (ctx, next) => {
    const early = ctx.path === 'before' satisfies boolean;
    /* 💥 */ if (early) throw new RangeError('before');
    return next();
  }),
]);
