const log: string[] = [];
const dec = (name: string) => (value: any, c: any) => { log.push(`${name}:${c.kind}:${String(c.name)}:${!!c.static}:${!!c.private}`); c.addInitializer?.(function () { log.push('init ' + name); }); };
const replace = (value: any, c: any) => c.kind === 'method' ? function (this: any, ...a: any[]) { return ['wrapped', value.apply(this, a)]; } : c.kind === 'field' ? (v: any) => v * 2 : c.kind === 'accessor' ? { get() { return value.get.call(this) + 1; }, init: (v: any) => v * 10 } : undefined;
@dec('class1') @dec('class2')
class A { @dec('m') m() { return 1; } @dec('f') f = 1; @replace doubled = 4; @replace wrapped(x: number) { return x; } @dec('sm') static sm() {} @dec('sf') static sf = 2; @dec('acc') accessor acc = 3; @replace accessor racc = 4; @dec('get') get g() { return 1; } @dec('set') set g(v) {} @dec('priv') #p() { return 7; } callP() { return this.#p(); } @dec('comp') ['computed']() {} }
const a = new A();
console.log(log.splice(0), a.m(), a.f, a.doubled, a.wrapped(5), a.acc, a.racc, a.callP(), A.name);
const swap = (v: any, c: any) => class Swapped extends v { extra = 1 } as any;
@swap class B { static me = 1; self = B; }
console.log(Object.keys(new B()), B.name, (B as any).me);
export @dec('exp') class Ex {}
@dec('exp2') export class Ex2 {}
const Anon = @dec('anon') class {}; console.log(Anon.name, log.splice(0));
class C { constructor(private x = 1) {} @(class { static d = (v: any) => v }.d) m() { return this.x; } @(dec('paren')) n() {} }
console.log(new C().m(), log.splice(0));
const bound = (v: any, c: any) => { c.addInitializer(function (this: any) { this[c.name] = this[c.name].bind(this); }); };
class D { v = 'bound'; @bound m() { return this.v; } } const { m } = new D(); console.log(m());
const meta = (v: any, c: any) => { if (c.metadata) c.metadata.x = 1; log.push(typeof c.access?.get); };
class M { @meta f = 1; @meta m() {} } console.log(log.splice(0));
