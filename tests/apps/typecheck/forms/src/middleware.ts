import { defineMiddleware } from 'kontract';

export default defineMiddleware([
  @mwfilter({ egroup: 'readers' }) async (ctx, next) => { await next(); ctx.perm = 'x'; },
  //                                                                        ^^^^ TS2540
  @mwfilter(prefixurl="/rpc/make") async (context, next) => { context.nothing; await next(1); },
  //                                                                  ^^^^^^^ TS2339
  //                                                                                      ^ TS2554
]);
