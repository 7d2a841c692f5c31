import { HttpResp, type Int32, type Perm } from 'kontract';

export interface Address {
  street: string;
  zip?: string | null;
}

export interface Person {
  name: string;
  age: Int32;
  address: Address;
  tags: string[];
  /** May be sent, never comes back. */
  password?: Perm<string, '_W_'>;
}

export type Shape = { kind: 'circle'; radius: number } | { kind: 'square'; side: number };

/** Every kind of value that JSON has no form of its own for, and some that it has. */
export interface Everything {
  big: bigint;
  at: Date;
  bytes: Uint8Array;
  counts: Map<string, number>;
  names: Set<string>;
  maybe: string | null;
  shapes: Shape[];
  pair: [Int32, string?];
  data: unknown;
}

/// Tells what arrived.
@backend({ egroup: 'probe' })
export async function describePerson(person: Person, shout: boolean = false): Promise<string> {
  const text = `${person.name}, ${person.age}, ${person.address.street}, ${person.address.zip ?? 'no zip'}, ${person.password ?? 'no password'}`;
  return shout ? text.toUpperCase() : text;
}

/// Answers what it was given.
@backend({ egroup: 'probe' })
export async function mirrorEverything(value: Everything): Promise<Everything> {
  if (!(value.at instanceof Date) || !(value.counts instanceof Map) || !(value.names instanceof Set)) throw new Error('not what was declared');
  return value;
}

/// Returns rows with more columns than are declared.
@backend({ egroup: 'probe' })
export async function people(): Promise<Person[]> {
  const rows = [
    {
      name: 'ada',
      age: 36,
      address: { street: 'Main', zip: null, geheim: 'column-canary' },
      tags: ['a'],
      password: 'hash-canary',
      salary: 'column-canary',
    },
  ];
  return rows;
}

/// Returns less than is declared.
@backend({ egroup: 'probe' })
export async function halfPerson(): Promise<Person> {
  return { name: 'ada', age: 36, address: {}, tags: [] } as unknown as Person;
}

/// Has a status and headers of its own.
@backend({ egroup: 'probe' })
export async function createPerson(name: string): Promise<HttpResp<Person>> {
  const person = { name, age: 1, address: { street: 'Main' }, tags: [], salary: 'column-canary' };
  return HttpResp.created(person, { Location: `/people/${name}` });
}

/// Has no body.
@backend({ egroup: 'probe' })
export async function forgetPerson(name: string): Promise<HttpResp<null>> {
  return HttpResp.noContent({ 'X-Forgotten': name });
}

/// Nobody who is not logged in may call it.
@backend({ perm: perms.RWX, egroup: 'probe' })
export async function guardedPerson(person: Person): Promise<string> {
  return person.name;
}
