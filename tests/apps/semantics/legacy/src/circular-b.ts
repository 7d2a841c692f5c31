export class B {} export interface Iface { a: 1 } export class OnlyType {}
console.log('b');
