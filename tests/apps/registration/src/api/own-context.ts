// A module's own `ctx`.
import { backend } from 'kontract';

const ctx = { perm: 'mine' };
@backend({ perm: 7 }) export function ownContext(x: number): string { return `ownContext ${x} ${ctx.perm}`; }
