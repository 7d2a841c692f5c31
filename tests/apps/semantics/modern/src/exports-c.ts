export default class { static v = 1 }
export { default as again, 'string name' as "other name" } from './exports-d.js';
export * as ns from './exports-d.js';
