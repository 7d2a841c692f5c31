export interface Note {
  id: string;
  title: string;
  text: string;
  author: string;
  stars: number;
}

interface Person {
  name: string;
  age: number;
  tags: string[];
}

@backend()
export async function read(id: string): Promise<Note | null> {
  return env.storage.notes.get(id);
}

@backend()
export async function write(id: string, text: string): Promise<boolean> {
  await env.storage.notes.update(id, { text });
  return true;
}

@backend()
export async function add(note: Note): Promise<void> {
  await env.storage.notes.set(note.id, note);
}

/** What a handler may do with data: make it, filter it, sort it, count words in it. */
@backend()
export function work(size: number): number {
  const people: Person[] = [];
  for (let i = 0; i < size; i++) {
    people.push({ name: `person ${(i * 7919) % size}`, age: (i * 31) % 90, tags: ['a', 'b', String(i % 7)] });
  }
  const adults = people.filter((person) => person.age >= 18).sort((a, b) => (a.name < b.name ? -1 : 1));
  const counts = new Map<string, number>();
  for (const { tags } of adults) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return JSON.stringify(adults).length + counts.size;
}
