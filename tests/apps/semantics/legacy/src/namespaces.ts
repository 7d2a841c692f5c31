namespace A { export const x = 1; export function f() { return x + y; } const y = 2; export let count = 0; export function bump() { count++; return count; } }
namespace A { export const z = x + 10; export class K { v = x; } }
namespace B.C.D { export const deep = A.x; export namespace E { export const deeper = deep + 1; } }
namespace TypesOnly { export interface I { a: 1 } export type T = string; }
function fn() { return fn.prop; }
namespace fn { export let prop = 'merged'; }
class Cls { static s = 1; inner!: Cls.Inner; }
namespace Cls { export class Inner { t = Cls.s; } export enum Kind { One = 1 } }
import Short = B.C.D;
import Deeper = B.C.D.E.deeper;
import OnlyType = TypesOnly.I;
export import Shared = A.K;
namespace Dest { export const { a, b: [c, d = 4] } = { a: 1, b: [2] as number[] }; export const sum = a + c + d; }
namespace Async { export const later = async () => A.x; export function* gen() { yield A.bump(); } }
console.log(A.f(), A.bump(), A.bump(), A.count, A.z, new A.K().v);
console.log(B.C.D.deep, Short.E.deeper, Deeper, fn(), new Cls.Inner().t, Cls.Kind.One, new Shared().v);
console.log(Dest.a, Dest.c, Dest.d, Dest.sum, await Async.later(), [...Async.gen()]);
namespace Shadow { const A = 'mine'; export const got = A; }
console.log(Shadow.got);
let value: OnlyType = { a: 1 };
console.log(value);
namespace A { count += 5; export const later = count; }
console.log(A.later, A.count);
