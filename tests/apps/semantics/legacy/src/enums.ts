enum Plain { A, B, C = 10, D }
enum Text { Up = 'UP', Down = 'DOWN' }
enum Mixed { No = 0, Yes = 'YES', Next = 3, After }
enum Computed { A = 'abc'.length, B = A << 2, C = (1 + 2) * 3, D = ~1, E = -1, F = `t${1}`.length }
enum Merged { A = 1 }
enum Merged { B = 2, C = A + B }
const enum Inline { X = 4, Y = X * 2, 'with space' = 9 }
declare enum Ambient { Z }
export enum Exported { One = 1, Two }
namespace Exported { export const label = (e: Exported) => Exported[e]; }
enum Self { A = 1, B = Self.A | 4, C = Plain.C + 1, D = Inline.Y }
enum Names { 'a-b' = 1, constructor = 2, __proto__ = 3, 'é' }
enum Quoted { A = 'x' + 'y', B = `tpl`, C = `${A}z` }
enum Nan { A = 0 / 0, B = 1 / 0, C = -1 / 0 }
console.log(Plain, Text, Mixed, Computed, Merged);
console.log(Inline.X, Inline.Y, Inline['with space'], Exported.label(Exported.Two));
console.log(Self, Names['a-b'], Names[1], Names.constructor, Object.keys(Names), Quoted, Nan);
function local() { enum Inside { P = 5, Q } const enum In2 { R = 7 } return [Inside.Q, Inside[5], In2.R]; }
console.log(local());
{ enum Block { A = 1 } console.log(Block); }
const key: keyof typeof Plain = 'A';
console.log(Plain[key], Object.entries(Text));
export default Plain;
