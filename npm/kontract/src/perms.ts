/**
 * The permission masks: read 4, write 2, execute or delete 1.
 * `WR_` is another spelling of `RW_`.
 */
export const perms = {
  R__: 4,
  _W_: 2,
  __X: 1,
  RW_: 6,
  WR_: 6,
  R_X: 5,
  _WX: 3,
  RWX: 7,
} as const;

/** The name of a permission mask: `'R__'`, `'RW_'`, … */
export type PermName = keyof typeof perms;

/** Does `granted` hold every bit of `required`? */
export function allows(granted: number, required: number): boolean {
  return (granted & required) === required;
}
