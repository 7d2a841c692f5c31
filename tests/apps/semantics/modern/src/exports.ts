const x = 1; function f() { return x; } class C {}
export { x as default, f as 'string name', C as "with 'quotes'", f as fn };
export let live = 0; export const inc = () => ++live;
export const { a: { b: renamed = 5 }, ...rest } = { a: {} as any, r: 1 };
export const [one, , three = 3, ...others] = [1, 2, undefined, 4, 5];
export function* gen() {} export async function asy() {} export async function* agen() {}
export abstract class Abs {} export declare const ghost: number; export interface I {} export type T = I;
export enum E { A } export namespace N { export const v = 1; }
export const enum CE { Z = 1 }
import * as self from './exports.js';
import dflt, { 'string name' as sn, live as seen } from './exports.js';
self.inc();
console.log(Object.keys(self), dflt, sn(), seen, self.live, renamed, rest, three, others);
const dyn = await import('./exports-c.js'); console.log(Object.keys(dyn), dyn.default.name);
const dyn2 = await import(`./exports-c.js`); console.log(dyn2 === dyn);
