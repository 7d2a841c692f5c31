import Def, { hoisted, Cls, counter, late } from './using-top.js';
console.log(hoisted(), new Cls() instanceof Cls, counter, late, new Def() instanceof Cls, Def.name);
