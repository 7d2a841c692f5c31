// Names that collide with globals, generated names and each other.
const args = 'args'; const kontract = 'kontract'; const _ts_decorate = 'h'; const _jsx = 2;
class Map { own = true } class Promise2 {} class Object1 {}
function Array() { return 'mine'; }
const exports = 'e', module = 'm', require = 'r', self = 's', arguments_ = 'a', process1 = 1;
console.log(args, kontract, _ts_decorate, new Map(), Array(), exports, module, require, self);
function shadows(args, ctx, env, perms) { { let args = 1; var ctx2 = ctx; { const args = 2, env = 3; return [args, ctx2, env, perms]; } } }
console.log(shadows(1, 2, 3, 4));
{ const ctx = { perm: 9 }; const env = { storage: 1 }; const perms = {}; console.log(ctx.perm, env.storage, perms); }
function inner() { const undefined = 5 as any; return undefined; }
console.log(inner());
const x = 1; { const x = 2; { const x = 3; console.log(x); } console.log(x); } console.log(x);
function f(x = () => x1, x1 = 2) { var x2 = x(); { let x1 = 9; x2 += x1; } return x2; }
console.log(f());
const élan = 'é', ñ = 1, \u0061b = 'escaped', 变量 = 2, $ = 3, _ = 4, ℮ = 5, 𠮷 = 6;
console.log(élan, ñ, ab, 变量, $, _, ℮, 𠮷, { élan, 变量 });
const fnName = () => {}; const obj = { method() {}, arrow: () => {}, [`c${1}`]: function () {} };
console.log(fnName.name, obj.method.name, obj.arrow.name, obj.c1.name, inner.name);
const rec = function rec(n) { return n ? rec(n - 1) : rec.name; }; console.log(rec(2));
class Same { static Same = 1; Same() { return Same.Same; } } console.log(new Same().Same());
try { throw 1 } catch (e) { var e1 = e; { let e = 2; e1 += e; } } console.log(e1);
for (let i = 0, fs: (() => number)[] = []; i < 3; i++) { fs.push(() => i); if (i === 2) console.log(fs.map((f) => f())); }
outer: for (const a of [1, 2]) { inner: for (const b of [1, 2]) { if (b === 2) continue outer; if (a === 2) break outer; console.log(a, b); } }
function hoist() { return typeof later; var later = 1; function later() {} } console.log(hoist());
var twice = 1; var twice = 2; console.log(twice);
let async = 1, of = 2, get = 3, set = 4, as = 5, type = 6, from = 7, satisfies = 8, accessor = 9, using = 10, declare = 11, abstract = 12, namespace = 13, module1 = 14, is = 15, infer = 16, asserts = 17, global = 18, override = 19, readonly = 20;
console.log(async, of, get, set, as, type, from, satisfies, accessor, using, declare, abstract, namespace, is, infer, asserts, global, override, readonly);
console.log(`a${`b${'c'}`}`, String.raw`\n${1}`, ((s, ...v) => s.raw.join('|') + v)`x\u{41}${1}y\\`);
