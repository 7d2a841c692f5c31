import { backend, perms } from 'kontract';

/** Throws out of an arrow function. */
export const burst = backend({ perm: perms.R__, egroup: 'probe' }, async (times: number): Promise<number> => {
  const left = times as number satisfies number;
  return left > 0 ? await burst(left - 1) : fail<number>('burst 💥', 0);
});

function fail<T>(message: string, _unused: T): T { /* 💥💥 */ throw new Error(message); }
