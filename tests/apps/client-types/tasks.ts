import { api, createTask, createTasks, listTasks, oldestOpen, Priority, summary, type Task } from '@/client';
import { createCategory as fromModule } from './dist/client/api/categories';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(...proof: Equal<A, B> extends true ? [] : [expected: A, found: B]): void;
type Result<F extends (...args: never[]) => Promise<unknown>> = Awaited<ReturnType<F>>;

// HttpResp and Promise are unwrapped.
same<Result<typeof createTask>, Task>();
same<Result<typeof api.deleteTask>, null>();
same<Result<typeof createTasks>, string[]>();
same<Result<typeof api.load>['busiest'], Record<string, number>>();
same<Task['priority'], Priority>();
same<Task['category'], string | null>();
same<Task['done'], boolean>();

const [title, days] = (await oldestOpen())!;
same<typeof title, string>();
same<typeof days, number>();
const { byPriority } = await summary();
same<(typeof byPriority)[Priority.High], number>();

// Optional and defaulted parameters may be left out; the call's own options come last.
await createTask('a');
await createTask('a', Priority.Low);
await createTask('a', undefined, 'home');
await createTask('a', Priority.Low, undefined, { timeout: 100 });
await listTasks({ done: true }, 5, { signal: AbortSignal.timeout(100) });
await createTasks(null, 'a', 'b', 'c');
await api.updateTask('id', { title: 'b', category: null });
await api.recolour('id', 'red');
same<typeof fromModule, typeof api.createCategory>();

// @ts-expect-error a title is text
await createTask(5);
// @ts-expect-error the title is missing
await createTask();
// @ts-expect-error a member of the enum is wanted
await createTask('a', 'urgent');
// @ts-expect-error no such option
await createTask('a', Priority.Low, 'home', { retries: 3 });
// @ts-expect-error a rest parameter leaves no place for options
await createTasks(null, 'a', { timeout: 100 });
// @ts-expect-error the first parameter is text or null
await createTasks(undefined, 'a');
// @ts-expect-error no such field in the filter
await listTasks({ colour: 'red' });
// @ts-expect-error createdBy cannot be changed
await api.updateTask('id', { createdBy: 'me' });
// @ts-expect-error not a colour
await api.recolour('id', 'mauve');
// @ts-expect-error no such route
await api.dropTable();
// @ts-expect-error a helper of the server is no route
await api.ownTask('id');
// @ts-expect-error the task may not be there, so it may be null
(await api.takeNext()).text;
// @ts-expect-error a call is a promise
createTask('a').title;
// @ts-expect-error what a list shows has no notes
(await listTasks())[0]!.notes;
