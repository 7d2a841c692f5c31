// What the declarations of streams are for the one who calls.
import { api, Feed, loud, notes, numbers, ticks } from './dist/client/index.js';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Item<Call extends (...args: never[]) => AsyncIterable<unknown>> =
  ReturnType<Call> extends AsyncIterable<infer T> ? T : never;
const sure = <T extends true>(): T | undefined => undefined;

sure<Same<ReturnType<typeof numbers>, Promise<AsyncIterable<number>>>>();
sure<Same<ReturnType<typeof loud>, AsyncIterable<string>>>();
sure<Same<Item<typeof Feed.words>, string>>();
sure<Same<Item<typeof api.ticks>, { n: number; at: Date; tag?: string }>>();
sure<Same<Item<typeof notes>['text'], string>>();

export async function use(): Promise<void> {
  for await (const { n, at } of ticks(3, { timeout: 1000 })) console.log(n.toFixed(), at.getTime());
  for await (const n of await numbers(3)) console.log(n.toFixed());
  await ticks(1).return(undefined);
  // @ts-expect-error no promise, but the items themselves
  await ticks(1).then();
}
