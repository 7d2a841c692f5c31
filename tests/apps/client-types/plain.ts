import { api, echo, labels, myNotes, rewriteNote, writeNote } from '@/client';
import { Shade, type Note } from './src/note';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(...proof: Equal<A, B> extends true ? [] : [expected: A, found: B]): void;
type Result<F extends (...args: never[]) => Promise<unknown>> = Awaited<ReturnType<F>>;

const note: Note = await writeNote('a', Shade.Dark, 'x', 'y');
same<(typeof note)['id'], string>();
same<(typeof note)['writer'], string>();
same<Result<typeof rewriteNote>, void>();
same<Result<typeof echo>, string>();
same<Result<typeof api.removeNote>, boolean>();
const counts: [string, number][] = await labels();
const notes: Note[] = await myNotes();
await myNotes('x', { timeout: 5 });
export { counts, notes };

// @ts-expect-error text is missing
await writeNote();
// @ts-expect-error a shade is a number
await writeNote('a', 'dark');
// @ts-expect-error labels are text
await writeNote('a', Shade.Light, 1);
// @ts-expect-error nothing comes back
(await rewriteNote('id', 'text')).id;
// @ts-expect-error a helper of the server is no route
await api.count();
