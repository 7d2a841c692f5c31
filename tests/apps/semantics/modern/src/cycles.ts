import { B } from './cycles-b.js';
console.log(new B().make().kind);
