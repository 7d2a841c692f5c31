import { compose } from './compose.js';
import * as runtime from 'kontract/runtime';
import * as own from './middleware';

type Body = () => Promise<unknown>;
type Run = (ctx: object, body: Body) => unknown;

const entries = own.default as { fn: (ctx: object, next: Body) => unknown }[];
const functions = entries.map(({ fn }) => fn);

/** `runner(i + 1)`: what a list of middlewares is called with by hand. */
const closures: Run = async (ctx, body) => {
  let result: unknown;
  const runner = async (i: number): Promise<unknown> => {
    if (i === functions.length) return (result = await body());
    const returned = await functions[i]!(ctx, () => runner(i + 1));
    if (returned !== undefined) result = returned;
    return result;
  };
  await runner(0);
  return result;
};

/** The compiler's chain where no middleware can be inlined. */
const around = (runtime as unknown as Record<string, (list: unknown, index: number) => (ctx: object, inner: Body) => Promise<unknown>>)['__kontract_around']!;
const arounds = entries.map((_, index) => around(entries, index));
const called: Run = async (ctx, body) => {
  let result: unknown;
  const run = arounds.reduceRight<Body>(
    (inner, call) => async () => {
      const returned = await call(ctx, inner);
      if (returned !== undefined) result = returned;
      return result;
    },
    async () => (result = await body()),
  );
  await run();
  return result;
};

const handlers = functions.map((fn) => [[fn, undefined], undefined]);
const hono: Run = (ctx, body) => {
  const context = { ...ctx, req: {}, finalized: false, res: undefined as unknown };
  const handler = async (): Promise<void> => { context.res = await body(); };
  return compose([...handlers, [[handler, undefined], undefined]] as never)(context as never);
};

export const contenders: Record<string, Run> = {
  'no middleware': (_ctx, body) => body(),
  inlined: (own as unknown as Record<string, Run>)['__chain_0_1_2_3_4']!,
  'closures, runner(i + 1)': closures,
  "Hono's compose": hono,
  'called one by one': called,
};

/** Nanoseconds of one call. */
export async function time(name: string, count: number): Promise<number> {
  const run = contenders[name]!;
  const ctx = { path: '/rpc/measured', ugroups: ['admin'] };
  const body = async (): Promise<number> => 1;
  const started = Date.now();
  for (let i = 0; i < count; i++) await run(ctx, body);
  return ((Date.now() - started) * 1e6) / count;
}
