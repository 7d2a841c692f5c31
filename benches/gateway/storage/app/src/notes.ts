export interface Note {
  id: string;
  title: string;
  text: string;
  @index author: string;
  stars: number;
}

/** What makes `notes` a table. */
@backend()
export async function read(id: string): Promise<Note | null> {
  return env.storage.notes.get(id);
}

export interface Counter {
  id: string;
  n: number;
}

@backend()
export async function current(id: string): Promise<Counter | null> {
  return env.storage.counters.get(id);
}

export interface Job {
  id: string;
  text: string;
}

@backend()
export async function next(): Promise<Job | null> {
  return env.storage.jobs.pop();
}
