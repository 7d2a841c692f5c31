import { b, useA } from './cycles-b.js';
export function fa() { return 'fa' + b(); }
export class A { kind = 'A' }
export const late = useA();
console.log('a loaded', late);
