import { fa, A } from './cycles-a.js';
import type { late } from './cycles-a.js';
export function b() { return 'b'; }
export function useA() { return typeof fa === 'function' ? fa() : 'no'; }
export class B { make() { return new A(); } }
console.log('b loaded', (() => { try { return typeof A } catch (e: any) { return e.name } })());
