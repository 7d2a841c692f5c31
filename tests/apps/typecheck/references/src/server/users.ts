import type { User } from '#shared/user';

@backend({ perm: perms.R__ }) export async function load(id: string): Promise<User | null> { return await env.storage.users.get(id.length); }
//                                                                                                                              ^^^^^^^^^ TS2345

const may = (id: string): boolean => { if (id) return true; };
//                        ^^^^^^^ TS2366
export const everybody = may(ctx.owner ?? 1);
