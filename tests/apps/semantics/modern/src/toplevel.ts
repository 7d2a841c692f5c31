#!/usr/bin/env node
'use strict';
const x = await Promise.resolve(1);
console.log(x, this === undefined);
if (x) { await 0; console.log(await (await import('./toplevel-lib.js')).default); }
for await (const y of [1]) console.log(y);
export {};
