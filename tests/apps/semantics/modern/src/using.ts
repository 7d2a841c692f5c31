const out: string[] = [];
const res = (name: string) => ({ name, [Symbol.dispose]() { out.push('d:' + name); } });
const ares = (name: string) => ({ name, async [Symbol.asyncDispose]() { await 0; out.push('ad:' + name); } });
(Symbol as any).dispose ??= Symbol('dispose');
(Symbol as any).asyncDispose ??= Symbol('asyncDispose');
function f() { using a = res('a'), b = res('b'); using n = null; out.push('body ' + a.name + b.name); return 'ret'; }
async function g() { await using a = ares('x'); using b = res('y'); out.push('async body'); throw new Error('boom'); }
console.log(f(), await g().catch((e) => e.message), out.splice(0));
for (using x of [res('1'), res('2')]) out.push(x.name);
for await (using x of [res('3')]) out.push(x.name);
for (await using x of [ares('4')]) out.push(x.name);
console.log(out.splice(0));
try { using bad = {} as any; } catch (e) { console.log(e instanceof TypeError); }
function errs() { using a = { [Symbol.dispose]() { throw new Error('one'); } }; using b = { [Symbol.dispose]() { throw new Error('two'); } }; throw new Error('zero'); }
try { errs(); } catch (e: any) { console.log(e.name, e.error?.message, e.suppressed?.name, e.suppressed?.error?.message, e.suppressed?.suppressed?.message); }
switch (1) { case 1: { using s = res('sw'); out.push('case'); } }
console.log(out.splice(0));
const arrow = () => { using a = res('arrow'); return a.name; };
console.log(arrow(), out.splice(0));
function* gen() { using a = res('gen'); yield 1; yield 2; }
for (const v of gen()) { out.push(String(v)); break; }
console.log(out.splice(0));
class K { static { using z = res('static'); out.push('in static'); } }
console.log(out.splice(0));
label: for (const i of [1, 2]) { using a = res('l' + i); if (i === 1) continue label; break label; }
console.log(out.splice(0));
