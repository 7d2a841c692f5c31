import { backend, mwfilter, perms, type Int32 } from 'kontract';
//                ^^^^^^^^ TS6133
import * as k from 'kontract';
import { Color, limits, unused, type Note } from '~/types';
//                      ^^^^^^ TS6133

const group = 'writers';

const early: number = 'a'; @backend({ egroup: group, perm: perms.RW_ }) export async function rename(@int32 id: number): Promise<string> { return id.length; }
//    ^^^^^ TS2322
//    ^^^^^ TS6133
//                                                                                                                                                   ^^^^^^ TS2339

/* 😀 */ @backend(/* größer 😀 */ perm=perms.R__, egroup="readers") export async function load(id: string): Promise<Note | null> { const n: number = id; return await env.storage.notes.get(n); }
//                                                                                                                                       ^ TS2322
//                                                                                                                                                                                          ^ TS2345

export @backend() async function make(id: string, size: Int32): Promise<void> {
  await env.storage.notes.set(id, { writer: ctx.owner, pages: [], name: 'é', color: Color.Red, size: '1' });
  //                                                                                           ^^^^ TS2322
  const wrong: number = ctx.route;
  //    ^^^^^ TS2322
  await env.storage.notes.gett(id + size + wrong);
  //                      ^^^^ TS2551
  let none: Missing;
  //  ^^^^ TS6133
  //        ^^^^^^^ TS2304
}

@k.backend({
  perm: perms.R__, // 😀
}) export default async function most(): Promise<number> { return limits.least; }
//                                                                       ^^^^^ TS2339

export class Notes {
  @backend() static async count(): Promise<number> { return await env.storage.notes.count({ nam: 'x' }); }
  //                                                                                        ^^^ TS2561
  private odd = perms.RX_;
  //      ^^^ TS6133
  //                  ^^^ TS2339
}
