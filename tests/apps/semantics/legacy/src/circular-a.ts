import { B } from './circular-b.js';
import type { OnlyType } from './circular-b.js';
import { Iface } from './circular-b.js';
const d: any = (t, p) => {}; const log: any[] = [];
(Reflect as any).metadata ??= (k, v) => () => { log.push(k, typeof v === 'function' ? v.name : v); };
export class A { @d b: B; @d i: Iface; @d t: OnlyType; @d m(x: B): Iface { return null!; } }
console.log(log);
