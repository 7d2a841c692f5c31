// What is encoded: values, always the same, and zod's schemas of their types.
import { z } from 'zod';

const random = seeded(1);
const words = 'the quick brown fox jumps over a lazy dog while seven wizards box with liquid jugs of honey'.split(' ');

function text(length) {
  let line = '';
  while (line.length < length) line += `${words[Math.floor(random() * words.length)]} `;
  return line.slice(0, length);
}

function user(index, optional) {
  return {
    id: `usr_${String(index).padStart(12, '0')}`,
    email: `person.${index}@example.com`,
    name: text(14),
    role: ['admin', 'editor', 'viewer'][index % 3],
    active: index % 4 !== 0,
    age: 18 + (index % 60),
    createdAt: 1_760_000_000_000 + index * 86_400_000,
    tags: [text(6), text(9)],
    ...(optional && {
      phone: '+44 20 7946 0958',
      bio: text(120),
      score: index / 7,
      address: { street: text(18), city: text(10), zip: '10115', country: 'DE' },
    }),
  };
}

function article(body) {
  return { title: text(60), author: 'Ada Lovelace', language: 'en', summary: text(180), body, tags: [text(8), text(8), text(8), text(8)] };
}

/** `type` is the route and the key of schemas. */
export const cases = [
  { name: 'small: 100 B', type: 'small', value: { id: 'a1b2c3d4e5f6', name: 'Ada Lovelace', age: 36, active: true, score: 98.5625 } },
  { name: 'user: all optional fields present', type: 'user', value: user(42, true) },
  { name: 'user: no optional field present', type: 'user', value: user(42, false) },
  { name: '100 users: every other with its optional fields', type: 'users', value: Array.from({ length: 100 }, (_, index) => user(index, index % 2 === 0)) },
  { name: 'article: 1 KB of ASCII strings', type: 'article', value: article(text(700)) },
  { name: 'article: 1 KB of other strings', type: 'article', value: article('Größe, Übermut, 日本語のテキスト, Ελληνικά. '.repeat(13)) },
  { name: 'numbers: 1 MB, fractions', type: 'numbers', value: Array.from({ length: 131_072 }, () => random() * 1000) },
  { name: 'numbers: 1 MB, whole and below 1000', type: 'numbers', value: Array.from({ length: 131_072 }, () => Math.floor(random() * 1000)) },
];

const User = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: z.enum(['admin', 'editor', 'viewer']),
  active: z.boolean(),
  age: z.number(),
  createdAt: z.number(),
  tags: z.array(z.string()),
  phone: z.string().optional(),
  bio: z.string().nullable().optional(),
  score: z.number().optional(),
  address: z.object({ street: z.string(), city: z.string(), zip: z.string(), country: z.string() }).optional(),
});

export const schemas = {
  small: z.object({ id: z.string(), name: z.string(), age: z.number(), active: z.boolean(), score: z.number() }),
  article: z.object({
    title: z.string(),
    author: z.string(),
    language: z.string(),
    summary: z.string(),
    body: z.string(),
    tags: z.array(z.string()),
  }),
  user: User,
  users: z.array(User),
  numbers: z.array(z.number()),
};

function seeded(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
}
