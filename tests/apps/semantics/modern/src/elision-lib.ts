console.log('load lib');
export interface Type { a: number }
export type Other = string;
export const value = 'value';
export class Both { a = 1; }
export interface Both { b?: number }
export default function Def() {}
export enum Enum { A = 'enum-a' }
export const Def2 = 1;
