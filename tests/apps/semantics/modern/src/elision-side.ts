console.log('load side'); export type SideType = 1; export type OnlyA = 2; export const unusedValue = 1; export type T = 1; export default class DefaultOnlyType {} export const from_side = 'side';
