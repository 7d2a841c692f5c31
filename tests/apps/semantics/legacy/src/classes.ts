class P { constructor(public a: number, private readonly b = 2, protected c?: string, readonly d: number[] = [a]) { this.a++; } sum() { return this.a + this.b; } }
class Q extends P { e = this.a * 2; constructor(public f: string) { super(1); this.f += '!'; } }
class R extends P { constructor(readonly g = (() => 'g')()) { console.log('before'); super(5, 6, 'c'); } }
const q = new Q('f');
console.log(q, q.sum(), new R(), Object.keys(q));
class Fields { a; b = 1; declare c: number; static d; static e = this.name; readonly f = () => this.b; 'quoted' = 4; 5 = 6; #p = 7; static #sp = 8; get p() { return this.#p; } static sp() { return Fields.#sp; } has(o: object) { return #p in o; } }
console.log(new Fields(), Object.keys(new Fields()), Fields.e, 'd' in Fields, new Fields().p, Fields.sp(), new Fields().has(new Fields()), new Fields().has({}));
class Base { x = 'base'; constructor() { this.init(); } init() {} }
class Derived extends Base { x = 'derived'; y; declare z; init() { this.y = 'set'; (this as any).z = 'z'; } }
console.log(new Derived());
abstract class Abs { abstract m(): void; abstract field: number; abstract get acc(): number; accessor auto = 1; static accessor sauto = 2; protected abstract n?(): void; concrete() { return this.auto + Abs.sauto; } }
class Conc extends Abs { m() {} field = 1; get acc() { return 2; } override concrete() { return super.concrete() + 1; } }
const conc = new Conc(); conc.auto = 5; Abs.sauto = 7;
console.log(conc.concrete(), Object.keys(conc));
class Stat { static log: string[] = []; static { this.log.push('a'); const t = this; t.log.push('b'); } static x = this.log.push('c'); static { Stat.log.push('d'); } }
console.log(Stat.log, Stat.x);
class Over { f(a: string): string; f(a: number): number; f(a: any) { return a; } constructor(); constructor(a: number); constructor(public a?: number) {} }
console.log(new Over(3).f('x'), new Over(3));
class Gen<T> { async *each(...xs: T[]) { for (const x of xs) yield x; } *[Symbol.iterator]() { yield 1; } get [Symbol.toStringTag]() { return 'Gen'; } }
for await (const x of new Gen<string>().each('a', 'b')) console.log(x);
console.log([...new Gen()], String(new Gen()));
const Expr = class Named<T> { static n = Named.name; constructor(private t: T) {} };
console.log(Expr.n, new Expr(1));
class Order { a = log('a'); [log('key')] = log('value'); static s = log('static'); constructor(public p = log('param')) { log('body'); } b = log('b'); }
function log(x: string) { console.log('log', x); return x; }
new Order();
class Idx { [key: string]: any; readonly [Symbol.iterator]?; method?(): void; optional?: number; definite!: string; }
console.log(Object.getOwnPropertyNames(new Idx()));
const obj = { __proto__: { inherited: 1 }, async m() { return this; }, get g() { return 1; }, set g(v) {}, ['c']: 1, 'q-q': 2 };
console.log(obj.inherited, obj);
class Thenable extends (class { z = 1 } as any as new () => { z: number }) implements Object { w = this.z }
console.log(new Thenable());
console.log(class {}.name, (class A1 {}).name, (() => class {})().name);
