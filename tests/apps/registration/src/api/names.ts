// Names that generated code, helpers of transforms, or the language use themselves.
import { backend } from 'kontract';

(Symbol as any).dispose ??= Symbol('dispose');
const decorated = (value: any, _context: any) => value;

@backend() export function args(x: number): string { return `args ${x}`; }
@backend() export function ctx(x: number, y?: number): string { return `ctx ${x} ${y}`; }
@backend() export function undefined(x: number, y?: number): string { return `undefined ${x} ${y}`; }
@backend() export function kontract(x: number): string { return `kontract ${x}`; }
@backend() export function handler(x: number): string { return `handler ${x}`; }
@backend() export function meta(x: number): string { return `meta ${x}`; }
@backend() export function _ts_decorate(x: number): string { return `_ts_decorate ${x}`; }
@backend() export function _apply_decs_2311(x: number): string { return `_apply_decs_2311 ${x}`; }
@backend() export function _using_ctx(x: number): string { return `_using_ctx ${x}`; }
@backend() export function _ts_dispose_resources(x: number): string { return `_ts_dispose_resources ${x}`; }
@backend() export function setFunctionName(x: number): string { return `setFunctionName ${x}`; }
@backend() export function TypeError(x: number): string { return `TypeError ${x}`; }
@backend() export function Error(x: number): string { return `Error ${x}`; }
@backend() export function SuppressedError(x: number): string { return `SuppressedError ${x}`; }
@backend() function set(x: number): string { return `set ${x}`; }
@backend({ name: 'nameless' }) export default function (x: number): string { return `nameless ${x}`; }

@decorated class Decorated { @decorated m() {} @decorated static s = 1; @decorated accessor value = 'value'; }

export class Map {
  own = 'own';
  @backend() static get(x: number): string { return `Map.get ${x}`; }
  @backend() put(x: number): string { return `Map.put ${x} ${this.own}`; }
}
export class Object { @backend() static keys(x: number): string { return `Object.keys ${x}`; } }
export class Quoted {
  @backend({ name: 'Quoted.quotedName' }) static 'quoted name'(x: number): string { return `Quoted.quotedName ${x}`; }
  @backend() static async default(x: number): Promise<string> { return `Quoted.default ${x}`; }
}
@decorated export class Service {
  static count = 0;
  own = 'own';
  @backend() static async go(x: number): Promise<string> { return `Service.go ${x} ${Service.name} ${++Service.count}`; }
  @backend() async stay(x: number): Promise<string> { return `Service.stay ${x} ${this.own}`; }
}

function disposes() {
  using resource = { [globalThis.Symbol.dispose]() {} };
  const args = resource && 1;
  { let getUser = 2; void getUser; }
  return args;
}
@backend() export async function getUser(getUser: number): Promise<string> {
  { const getUser = 'inner'; return `getUser ${getUser}`; }
}
@backend() export function usesAll(x: number): string { return `usesAll ${x} ${disposes()} ${new Decorated().value}`; }
