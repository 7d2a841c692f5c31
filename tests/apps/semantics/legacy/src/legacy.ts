const log: string[] = [];
const meta = new Map<any, any>(); (Reflect as any).metadata = (k: string, v: any) => (t: any, p?: string, d?: any) => { if (k === 'design:type' && !p) return; log.push(`${k}:${p ?? t.name}:` + (Array.isArray(v) ? v.map((x) => x?.name ?? String(x)).join() : v?.name ?? String(v))); };
const dec = (n: string) => (t: any, p?: any, d?: any) => { log.push(`${n} ${typeof t} ${String(p)} ${typeof d}`); };
interface Iface { a: 1 } type Alias = string; class Cls {} enum E { A } enum SE { A = 'a' }
@dec('class') class A { constructor(@dec('cp') a: string, @dec('cp2') public b: number, private c?: Iface) {} @dec('m') m(@dec('p') x: number, y: Date): Promise<void> { return null!; } @dec('f') f: string = 'x'; @dec('u') u: string | number; @dec('i') i: Iface; @dec('c') c2: Cls; @dec('arr') arr: string[]; @dec('e') e: E; @dec('se') se: SE; @dec('fn') fn: () => void; @dec('acc') get acc(): number { return 1; } @dec('big') big: bigint; @dec('sym') sym: symbol; @dec('any') any: any; @dec('tpl') tpl: `a${string}`; @dec('lit') lit: 'a' | 'b'; @dec('obj') obj: { a: 1 }; @dec('opt') opt?: number; @dec('tup') tup: [1]; }
console.log(log.splice(0).join('\n')); console.log(new A('a', 1), A.name);
const replace = (t: any): any => class extends t { added = 1 };
@replace class B { static s = 1; own = 1; } console.log(new B());
class Fields { a; b = 1; declare c; static s; static t = 2; constructor() { console.log(Object.keys(this)); } }
new Fields(); console.log(Object.keys(Fields));
class Base { constructor() { (this as any).init(); } } class Der extends Base { x; y = 1; declare z; init() { this.x = 'kept'; (this as any).y = 'lost'; } } console.log(new Der());
class SetBase { set v(x: number) { console.log('setter', x); } } class SetDer extends SetBase { 
// @ts-ignore
v = 5; } new SetDer();
class Pp { x = this.p; constructor(public p = 'p', readonly q = 'q') {} } console.log(new Pp());
const methodDec = (t: any, p: string, d: PropertyDescriptor) => { const f = d.value; d.value = function (...a: any[]) { return ['w', f.apply(this, a)]; }; };
class W { @methodDec m(x: number) { return x; } @methodDec ['comp']() { return 'c'; } } console.log(new W().m(1), (new W() as any).comp());
export default @dec('def') class {} 
export @dec('exp') class X { static x = X; }
console.log(log.splice(0));
class Q { #p = 1; static #s = 2; @dec('pp') get() { return this.#p + Q.#s; } ['k' + 1] = 3; static ['sk'] = 4; } console.log(new Q().get(), new Q(), Q['sk']);
function order(n: string) { console.log('eval', n); return (...a: any[]) => console.log('apply', n); }
@order('c1') @order('c2') class O { @order('m1') @order('m2') m(@order('p1') p, @order('p2') q) {} @order('f') f; @order('s') static s; constructor(@order('cp') x) {} }
