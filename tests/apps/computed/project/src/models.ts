import type { Int32, Perm, Primkey, Secret } from 'kontract';

export interface User {
  id: Primkey<string>;
  /** Shown in lists. */
  name: string;
  age: Int32;
  email?: string;
  nickname?: string | undefined;
  passwordHash: Perm<string, '_W_'>;
  address: Address | null;
}

export interface Account extends User {
  token: Secret<string>;
}

export interface Address {
  street: string;
  city: string;
}

export interface Page<Item> {
  items: Item[];
  next?: string;
}

export type Circle = { kind: 'circle'; radius: number };
export type Square = { kind: 'square'; side: number };
export type Shape = Circle | Square;

export enum Color {
  Red = 'red',
  Green = 'green',
}

export class Point {
  #hidden = 1;
  private secret = 2;
  protected inner = 3;
  constructor(
    public x: number,
    readonly y: number,
  ) {}
  get length(): number {
    return this.#hidden + this.secret + this.inner;
  }
  scale(by: number): Point {
    return new Point(this.x * by, this.y * by);
  }
}

interface Unexported {
  a: 1;
}
export const unexported = (): Unexported => ({ a: 1 });
