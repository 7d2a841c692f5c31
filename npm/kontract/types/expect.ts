/** Are the types the same, `any` being the same as nothing but itself? */
export type Same<Left, Right> =
  (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;

/** Fails to compile unless the type is `true`. */
export function expectType<_Holds extends true>(): void {}
