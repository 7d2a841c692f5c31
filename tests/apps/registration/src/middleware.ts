import { backend, defineMiddleware, mwfilter } from 'kontract';

const list = defineMiddleware([
  async (_ctx, next) => { const result = await next(); return `[${result}]`; },
  mwfilter({ endpoints: ['kontract', 'ctx', 'args'] }, async (_ctx, next) => `<${await next()}>`),
]);
export default list;
@backend() export function chain(x: number): string { return `chain ${x}`; }
