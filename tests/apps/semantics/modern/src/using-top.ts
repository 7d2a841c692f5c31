(Symbol as any).dispose ??= Symbol('dispose');
export function hoisted() { return late; }
export const late = 'late';
using top = { [Symbol.dispose]() { console.log('top disposed', late); } };
export class Cls { v = top; }
export let counter = 0; counter++;
export default class extends Cls {}
export const { a, b } = { a: 1, b: 2 };
console.log('end of module', hoisted(), counter, a, b);
