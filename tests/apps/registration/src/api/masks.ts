// `ctx.perm` is the function's own mask, however it is written, and nothing else is.
import { backend } from 'kontract';

enum getEnum { A = 1 }
namespace getEnum { export function f() { return getEnum.A; } }
@backend() export function merged(x?: number): string { return `merged ${x} ${getEnum.f()}`; }
export const ownName = backend({ perm: 4 }, async function env(x: number): Promise<string> { return `ownName ${x} ${ctx.perm}`; });
export const parameter = backend({ perm: 5 }, async (ctx: number): Promise<string> => `parameter ${ctx} ${perms.R__}`);
const later = backend({}, async (x: number): Promise<string> => `later ${x}`);
export { later as renamed, later as 'in quotes' };
export const defaults = backend({}, async (env: number, perms: number = 3): Promise<string> => `defaults ${env} ${perms}`);
const other = { perm: 3 };
export const shadowed = backend({ perm: 6 }, async (x: number): Promise<string> => { const ctx = other; return `shadowed ${x} ${ctx.perm}`; });
export const spellings = backend({ perm: 6 }, async (x: number): Promise<string> =>
  `spellings ${x} ${ctx?.perm} ${ctx['perm']} ${(ctx as any).perm} ${ctx!.perm} ${(({ perm }) => perm)({ perm: ctx.perm })}`);
export const inDefault = backend({ perm: 2 }, async (x: number, y: number = ctx.perm): Promise<string> => `inDefault ${x} ${y}`);
export const assigned = backend({ perm: 2 }, async (x: number): Promise<string> => {
  const mine = { perm: 1 };
  if (x < 0) { (ctx as any).perm++; (ctx as any).perm = 1; [(ctx as any).perm] = [1]; delete (ctx as any).perm; }
  return `assigned ${x} ${mine.perm}`;
});
