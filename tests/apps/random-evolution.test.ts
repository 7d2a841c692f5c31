// Random types change in random ways. Where `kontract check` says that older clients can be served,
// the newer decoders understand whatever the older encoders write, and the other way round.
import { afterAll, describe, expect, test } from 'vitest';
import { evolve, load, type Sources } from './support/evolution.ts';
import { Random, type Type, Types, value, written } from './support/types.ts';

const ROUTES = 60;
const VALUES = 50;
const SEEDS = process.env.KONTRACT_PROVE ? 40 : 4;

type Codec = Record<string, (value: never) => unknown>;

interface Program {
  source: string;
  types: Type[];
}

function program(types: Type[]): Program {
  const declarations = new Map<string, string>();
  const routes = types.map((type, index) => {
    const text = written(type, declarations);
    return `@backend() export async function take${index}(x: ${text}): Promise<void> {}\n` +
      `declare const v${index}: ${text};\n@backend() export async function give${index}(): Promise<${text}> { return v${index}; }\n`;
  });
  return { source: `import { backend } from 'kontract';\n${[...declarations.values()].join('')}${routes.join('')}`, types };
}

const all = new Map<string, number>();

describe.each(Array.from({ length: SEEDS }, (_, seed) => seed))('seed %i', (seed) => {
  test('what is said to be compatible is understood', async () => {
    const random = new Random(seed);
    const makers = Array.from({ length: ROUTES }, (_, index) => new Types(random, `T${index}x`));
    const first = program(makers.map((maker) => maker.type(4)));
    const next = ({ types }: Program) => program(types.map((type, index) => makers[index]!.change(type, 4)));
    // What was there may go and come back.
    const others = seed % 2 === 0 ? [next(first)] : [next(first), next(next(first)), next(first)];
    const second = others.at(-1)!;
    const sources = [first, ...others].map(({ source }) => ({ 'api.ts': source })) as unknown as [Sources, Sources];
    const evolution = await evolve(...sources);
    const before = await load<Codec>(evolution.before, 'codec/api.js');
    const after = await load<Codec>(evolution.after, 'codec/api.js');
    const counts: Record<string, number> = {};
    let refused = 0;
    for (const [route, report] of evolution.reports) {
      counts[report.verdict] = (counts[report.verdict] ?? 0) + 1;
      const serves = report.verdict !== 'breaking';
      expect(evolution.accepts[route]!.includes(evolution.abi[route]!), route).toBe(serves);
      const index = Number(route.slice(4));
      const request = route.startsWith('take');
      for (let count = 0; count < VALUES; count++) {
        const [type, encoder, decoder] = request
          ? [first.types[index]!, before[`${route}_encodeRequest`]!, after[`${route}_decodeRequest`]!]
          : [second.types[index]!, after[`${route}_encodeResponse`]!, before[`${route}_decodeResponse`]!];
        const given = value(type, random);
        const bytes = encoder((request ? [given] : given) as never) as Uint8Array;
        let got: unknown;
        try {
          got = decoder(bytes as never);
        } catch (error) {
          if (!serves) {
            refused++;
            break;
          }
          const versions = [first, second].map(({ types }) => text(types[index]!)).join('\n→\n');
          throw new Error(`${route} of seed ${seed}\n${versions}\n${JSON.stringify(report)}`, { cause: error });
        }
        if (report.verdict === 'unchanged') expect(request ? (got as unknown[])[0] : got, route).toEqual(given);
      }
    }
    for (const [verdict, count] of Object.entries(counts)) all.set(verdict, (all.get(verdict) ?? 0) + count);
    // No more is called breaking than is. Not every breaking change shows in a few values.
    expect(refused / counts.breaking!).toBeGreaterThan(0.8);
  });
});

afterAll(() => {
  // This is worth something only where there is some of each.
  expect([...all.keys()].sort()).toEqual(['breaking', 'compatible', 'defaults', 'unchanged']);
});

function text(type: Type): string {
  const declarations = new Map<string, string>();
  const text = written(type, declarations);
  return [...declarations.values(), text].join('');
}
