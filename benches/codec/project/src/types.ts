/** About 100 bytes of JSON. */
export interface Small {
  id: string;
  name: string;
  age: number;
  active: boolean;
  score: number;
}

/** About 1 KB of strings. */
export interface Article {
  title: string;
  author: string;
  language: string;
  summary: string;
  body: string;
  tags: string[];
}

export interface Address {
  street: string;
  city: string;
  zip: string;
  country: string;
}

/** The usual object. */
export interface User {
  id: string;
  email: string;
  name: string;
  role: 'admin' | 'editor' | 'viewer';
  active: boolean;
  age: number;
  createdAt: number;
  tags: string[];
  phone?: string;
  bio?: string | null;
  score?: number;
  address?: Address;
}
