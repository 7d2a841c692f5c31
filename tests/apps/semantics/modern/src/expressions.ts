const o: any = { a: { b: null, f() { return this === o.a; } }, n: 0 };
console.log(o?.a?.b?.c, o?.a?.f(), o.a?.['f']?.(), o.x?.y.z(), delete o?.a?.q, (o?.a).f(), (o as any)?.a!.b, o!.a!?.b);
console.log(o.n ?? 1, o.n || 1, (o.q ??= 5), (o.n ||= 6), (o.n &&= 7), 2 ** 3 ** 2, (-2) ** 2);
console.log(<any>1 + <number>2, (1 as number) ? 'y' : 'n', (o satisfies any).n, ((x: number): x is 1 => true)(1));
console.log(typeof (undefined as any), void 0, !(o as any), -(1 as any), +(<any>'3'));
const a = <T,>(x: T) => x; const b = async <T>(x: T): Promise<T> => x; const c = async (x?: number) => x;
console.log(a(1), await b(2), await c());
const f = (this_: any) => ({ x: this_ } as const); console.log(f(1));
(function (this: any, x: number) { console.log(this.v, x); }).call({ v: 1 }, 2);
console.log(((a, b) => a + b)(1, 2), (() => ({}))(), (() => [] as any[])(), new (class { constructor(public x = 1) {} })().x, new Date(0).toISOString());
let i = 0; console.log(i++ + ++i, i-- - -i, +i + +i, - -i, !(!i), i + + 1, i - (-1), typeof typeof i);
console.log(1..toString(), 1.0.toFixed(1), 0x1f, 0b11, 0o17, 1_000, 1n, 9007199254740993n, .5, 5., 1e21, 1e-7, 0.1 + 0.2, -0);
console.log('\u{1F600}', '\x41', '\0', 'a\
b', "\u2028", '\v\f\b', `\``, '\'', "\"", '</script>', '\uD800'.charCodeAt(0), 'é', '\\');
console.log(/[/\]]+/giu.source, /(?<n>a)\k<n>/.exec('aa')!.groups!.n, /\//.test('/'), 4 / 2 / 1, /a/.flags, /[\p{L}--[a-z]]/v.test('A'));
console.log([1, , 3].length, [...'ab', ...[1]], { ...{ a: 1 }, b: 2 }, [, ].length, ((...r) => r)(...[1, 2], 3));
const { x = 1, y: { z = 2 } = {}, ...r }: any = { q: 1 }; console.log(x, z, r);
let s = ''; for (const k in { a: 1, b: 2 }) s += k; for (var q = 0; q < 2; q++) s += q; do { s += 'd'; } while (false); while (s.length < 9) s += 'w'; console.log(s);
if (1) ; else console.log('no'); ; ; {}
switch (3 as number) { case 1: console.log(1); default: console.log('d'); case 2: console.log(2); break; case 4: console.log(4); }
console.log((1, 2), [(1, 2)], (() => { return (1, 2); })(), ((a) => a)((1, 2)));
console.log((function () { return new.target; })(), import.meta.url.startsWith('file:'), typeof import.meta.resolve);
async function* ag() { const x = yield 1; yield* [2, 3]; await 0; try { yield 4; } finally { console.log('finally'); } }
for await (const v of ag()) { console.log(v); if (v === 4) break; }
console.log(await Promise.all([1, Promise.resolve(2)]), await (async () => { for await (const x of [Promise.resolve(1)]) return x; })());
console.log(((a?: number, b = a, ...c: number[]) => [a, b, c])(1), (function () { return arguments.length; } as any)(1, 2, 3));
label: { console.log('in'); if (o) break label; console.log('never'); }
console.log(`${1}${'a'}${null}` + `multi
line`, tag`a${1}`, tag<number>`b`); function tag<T>(s: TemplateStringsArray, ...v: any[]) { return s.join() + v.length; }
const gen = a<number>; console.log(gen(3), (a<string>)('x'), new Array<number>(3).length);
var fnA = a as <T>(x: T) => T; console.log(fnA!(1)); let opt!: number; opt = 1; console.log(opt);
throwing: try { throw Object.assign(new Error('x', { cause: 1 })); } catch { console.log('caught'); } finally { console.log('fin'); }
a < b; (a as any) < (b as any) > (c as any);
const inOp = 'a' in { a: 1 } && !('b' in {}) && o instanceof Object; console.log(inOp);
for (const [k, v] of Object.entries({ p: 1 })) console.log(k, v); for (let i = ('x' in {}) ? 1 : 2; i < 3; i++) console.log(i);
console.log((() => {}).toString.name, (async () => {})() instanceof Promise, (() => ({}) as any)().x, (<any>{}).y);
let { length } = 'abc'; ({ length } = 'ab'); [s, length] = ['t', 9]; console.log(length, s);
debugger; 'use strict'; ('use strict');
let asi = 1
;[1, 2].forEach((x) => asi += x)
;(() => asi++)()
console.log(asi)
var yieldLike = { await: 1, yield: 2, static: 3, enum: 4, class: 5, delete: 6 }; console.log(yieldLike.class, yieldLike.delete);
