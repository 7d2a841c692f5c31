import { strict as assert } from 'node:assert';
import * as fs from 'node:fs';
import path, { join } from 'node:path';
import data from './data.json' with { type: 'json' };
import json2 from './data.json' with { type: 'json' };
console.log(typeof assert, typeof fs.readFileSync, path.join === join, data, json2 === data);
const dj = await import('./data.json', { with: { type: 'json' } }); console.log(dj.default.a);
declare global { interface Array<T> { foo: 1 } var injected: number; }
declare module 'node:fs' { interface X {} }
declare const missing: number; declare function nothing(): void; declare class Never {} declare let a1, b1; declare namespace DN { const x: 1 }
(globalThis as any).injected = 4; console.log(injected, typeof missing);
