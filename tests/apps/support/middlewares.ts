// Random middlewares: what they do is a trace of texts, and what they return or throw.
import type { Random } from './types.ts';

/** Names that clash with each other, with the module's own, and with those of generated code. */
const NAMES = ['user', 'value', 'helper', 'context', 'body', 'result', 'answered', 'returned', 'mw0', 'e'];

/** What the middlewares' module declares beside them. */
const MODULE = `import { defineMiddleware, mwfilter } from 'kontract';
import { trace, wait, fail, said, shout } from './support';
const user = 'module user', value = 'module value', context = 'module context', body = 'module body';
const result = 'module result', answered = 'module answered', returned = 'module returned', e = 'module e';
let limit = 0;
function helper() { return 'module helper'; }
function mw0() { return 'module mw0'; }
const outside = (name) => async (ctx, next) => { trace(name + ' in'); try { await next(); } finally { trace(name + ' out'); } };
`;

export interface Middlewares {
  /** Of `src/middleware.ts`. */
  source: string;
  /** Which middlewares wrap which route, by index. */
  sets: number[][];
}

/** A list of `count` middlewares and as many distinct sets of them as there shall be routes. */
export function middlewares(random: Random, count: number, routes: number): Middlewares {
  const sets = new Map<string, number[]>();
  while (sets.size < routes) {
    const size = 1 + random.below(5);
    const set = [...new Set(Array.from({ length: size }, () => random.below(count)))].sort((a, b) => a - b);
    sets.set(set.join(), set);
  }
  const all = [...sets.values()];
  const declared: string[] = [];
  const entries: string[] = [];
  for (let index = 0; index < count; index++) {
    const names = all.flatMap((set, route) => (set.includes(index) ? [`'route${route}'`] : []));
    const writer = new Writer(random, index);
    // Not all need be chosen, and a filter must match.
    entries.push(writer.entry(declared, `{ endpoints: [${names.join(', ') || "'none'"}] }`));
  }
  const half = entries.length >> 1;
  const source = `${MODULE}${declared.join('\n')}
const first = [
${entries.slice(0, half).join(',\n')}
];
export default defineMiddleware([...first,
${entries.slice(half).join(',\n')}
]);
`;
  return { source, sets: all };
}

/** What surrounds a statement. */
interface Place {
  /** `next` may be called here as a form that is inlined. */
  next: boolean;
  loop: boolean;
  /** A `try` stands around. */
  caught: boolean;
  within: boolean;
  depth: number;
}

class Writer {
  readonly #random: Random;
  readonly #index: number;
  readonly #async: boolean;
  #places = 0;
  /** How often `next` is still to be called. */
  #calls: number;
  #labels = 0;

  constructor(random: Random, index: number) {
    this.#random = random;
    this.#index = index;
    this.#async = random.chance(0.85);
    this.#calls = random.chance(0.9) ? 1 : random.below(3);
  }

  /** An element of the list. */
  entry(declared: string[], filter: string): string {
    const random = this.#random;
    if (random.chance(0.04)) return `mwfilter(${filter}, outside('m${this.#index}'))`;
    const text = this.#function();
    const name = `named${this.#index}`;
    switch (random.below(7)) {
      case 0:
        declared.push(text.declaration(name));
        return `mwfilter(${filter}, ${name})`;
      case 1:
        declared.push(`const ${name} = ${text.expression()};`);
        return `{ fn: ${name}, filter: ${filter} }`;
      case 2:
        return `{ ${text.method()}, filter: ${filter} }`;
      case 3:
        return `{ filter: ${filter}, fn: ${text.expression()} }`;
      default:
        return `mwfilter(${filter}, ${text.expression()})`;
    }
  }

  #function(): { declaration(name: string): string; expression(): string; method(): string } {
    const random = this.#random;
    const prefix = this.#async ? 'async ' : '';
    const parameter = random.pick(['ctx', 'ctx', 'ctx', '_ctx', 'context', '{ bits, tag }', '{ tag, ...rest }', 'user']);
    const parameters = `(${parameter}, next)`;
    const block = this.#short(parameter) ?? `{\n${this.#body(parameter)}\n}`;
    const full = block.startsWith('{') ? block : `{ return ${block}; }`;
    return {
      declaration: (name) => `${prefix}function ${name}${parameters} ${full}`,
      method: () => `${prefix}fn${parameters} ${full}`,
      expression: () =>
        random.chance(0.7) ? `${prefix}${parameters} => ${block}` : `${prefix}function ${random.chance(0.5) ? 'own' : ''}${parameters} ${full}`,
    };
  }

  /** An arrow's expression. */
  #short(parameter: string): string | undefined {
    const random = this.#random;
    if (!random.chance(0.08) || parameter.startsWith('{')) return undefined;
    return this.#async ? random.pick(['await next()', 'next()', '[await next()]', 'next().then((v) => v)']) : random.pick(['next()', 'next().then(String)']);
  }

  #body(parameter: string): string {
    const bits = parameter.startsWith('{ bits') ? 'bits' : parameter.startsWith('{') ? 'rest.bits' : `${parameter}.bits`;
    const start = parameter.startsWith('{ tag') ? 'tag' : bits;
    this.#bits = bits;
    const lines = [this.#trace(start)];
    if (this.#random.chance(0.1) && !parameter.startsWith('{')) lines.push(`${parameter} = { ...${parameter}, bits: ${this.#random.below(64)} };`);
    lines.push(this.#statements({ next: true, loop: false, caught: false, within: false, depth: 0 }, 2 + this.#random.below(3)));
    if (this.#calls > 0) lines.push(this.#next({ next: true, loop: false, caught: false, within: false, depth: 0 }));
    if (this.#random.chance(0.5)) lines.push(this.#trace());
    if (this.#random.chance(0.15)) lines.push(`return ${this.#value()};`);
    return lines.join('\n');
  }

  #bits = 'ctx.bits';

  #trace(what = this.#mention()): string {
    return `trace('m${this.#index}.${this.#places++}', ${what});`;
  }

  /** An expression over names in scope, or that should be. */
  #mention(): string {
    const random = this.#random;
    return random.pick(["'here'", 'user', 'value', 'helper()', 'mw0()', 'result', 'context && 1', 'typeof body', 'answered', 'e', '++limit']);
  }

  #value(): string {
    const random = this.#random;
    const tag = `'v${this.#index}.${this.#places++}'`;
    return random.pick([tag, tag, 'undefined', 'null', '0', `Promise.resolve(${tag})`, 'Promise.resolve()', `fail(${tag})`, `wait(${tag})`]);
  }

  #condition(): string {
    return `${this.#bits} & ${1 << this.#random.below(6)}`;
  }

  #statements(place: Place, count: number): string {
    return Array.from({ length: count }, () => this.#statement(place)).join('\n');
  }

  #block(place: Place, count = 1 + this.#random.below(2)): string {
    return `{ ${this.#statements({ ...place, depth: place.depth + 1 }, count)} }`;
  }

  #statement(place: Place): string {
    const random = this.#random;
    if (this.#calls > 0 && random.chance(place.next ? 0.2 : 0.04)) return this.#next(place);
    const inner = { ...place, depth: place.depth + 1 };
    const tried = { ...inner, caught: true };
    const name = random.pick(NAMES);
    const fresh = `x${this.#places++}`;
    const nested = place.depth < 4;
    switch (random.below(nested ? 22 : 8)) {
      case 0:
      case 1:
        return this.#trace();
      case 2:
        return this.#async ? `await wait('w${this.#index}');` : this.#trace();
      case 3:
        return `{ const ${name} = () => 'm${this.#index} ${name}'; ${this.#trace(`typeof ${name}`)} }`;
      case 4:
        return `var ${fresh} = ${this.#mention()}; ${this.#trace(fresh)}`;
      case 5:
        return `var ${random.pick(['v', 'w'])} = (typeof v === 'undefined' ? 'none' : v) + '${this.#index}'; ${this.#trace("typeof v === 'undefined' ? 'unset' : v")}`;
      case 6:
        return `if (${this.#condition()}) ${random.pick([`throw new Error('t${this.#index}');`, 'return;', `return ${this.#value()};`, this.#trace()])}`;
      case 7:
        return `const ${fresh} = () => ${this.#mention()}; ${this.#trace(`${fresh}()`)}`;
      case 8:
      case 9:
        return `if (${this.#condition()}) ${this.#block(place)}${random.chance(0.4) ? ` else ${this.#block(place)}` : ''}`;
      case 10:
      case 11:
        return `try ${this.#block(tried)} catch (${random.pick(['e', 'error', 'user'])}) ${this.#block(tried)}${random.chance(0.4) ? ` finally ${this.#block(inner)}` : ''}`;
      case 12:
      case 13:
        return `try ${this.#block(tried)} finally ${this.#block(inner)}`;
      case 14:
        return `{ let ${name} = 'm${this.#index} ${name}'; ${this.#trace(`typeof ${name}`)} ${this.#statements(inner, 2)} ${this.#trace(name)} }`;
      case 15: {
        const label = random.pick(['outer', 'mw0', 'mw1', `l${this.#labels++}`]);
        return place.within ? this.#trace() : `${label}: ${`{ ${this.#statements({ ...inner, within: true }, 1)} if (${this.#condition()}) break ${label}; ${this.#trace()} }`}`;
      }
      case 16: {
        const loop = { ...inner, next: false, loop: true };
        return `for (let i = 0; i < 2; i++) { ${this.#trace('i')} ${this.#statements(loop, 1)} ${random.pick(['', `if (${this.#condition()}) continue;`, `if (${this.#condition()}) break;`])} ${this.#trace()} }`;
      }
      case 17:
        return `switch (${this.#condition()}) { case 0: ${this.#statements(inner, 1)} ${random.pick(['break;', ''])} default: ${this.#statements(inner, 1)} }`;
      case 18:
        return `{ function ${name}() { ${this.#trace(`'in ${name}'`)} return 'own ${name}'; } ${this.#trace(`typeof ${name} === 'function' && ${name}()`)} ${this.#statements(inner, 1)} }`;
      case 19:
        return `{ class ${name === 'e' ? 'E' : name} { say() { return [typeof this, arguments.length].join(); } } ${this.#trace(`new ${name === 'e' ? 'E' : name}().say(1, 2)`)} ${this.#statements(inner, 1)} }`;
      case 20:
        return `{ const { ${name}: ${fresh}, length } = 'text'; ${this.#trace('length')} ${this.#statements(inner, 1)} }`;
      default:
        return random.pick([
          `${this.#trace('[1, 2].map((next) => next * 2).join()')}`,
          `${this.#trace("typeof arguments === 'undefined'")}`,
          `${this.#trace('shout(typeof limit)')}`,
          `limit += 1; ${this.#trace('limit')}`,
        ]).replace(/typeof arguments === 'undefined'/, random.chance(0.1) ? '$&' : "'no arguments'");
    }
  }

  /** A call of `next`, in a form that is inlined or in another; always waited for, or it would be a race. */
  #next({ loop, caught }: Place): string {
    const random = this.#random;
    // A `finally` may overtake it, and what nobody waits for any more would be a race.
    if (caught && !this.#async) return this.#trace();
    if (!loop) this.#calls--;
    else if (random.chance(0.8)) return this.#trace();
    const seen = `r${this.#places++}`;
    if (!this.#async) {
      return random.pick([
        'return next();', 'return next();', 'return next();', `try { return next(); } catch { return "caught"; } finally { ${this.#trace()} }`, `return next().then((seen) => { trace('seen', seen); });`,
        `const ${seen} = next(); return ${seen};`,
      ]);
    }
    if (random.chance(0.85)) {
      return random.pick([
        'await next();', 'await next();', `const ${seen} = await next(); ${this.#trace(seen)}`, `let ${seen}; ${seen} = await next(); ${this.#trace(seen)}`,
        `var ${seen} = await next(); ${this.#trace(seen)}`, 'return await next();', caught ? 'return await next();' : 'return next();', 'return (await next());',
        `if (${this.#condition()}) await next();`, `if (${this.#condition()}) { return ${caught ? 'await ' : ''}next(); } else ${this.#trace()}`,
        `{ let result; result = await next(); ${this.#trace('result')} }`,
      ]);
    }
    return random.pick([
      `await next().catch((error) => { ${this.#trace('said(error)')} });`, `const ${seen} = next(); ${this.#trace("'going on'")} await ${seen};`,
      `const ${seen} = [await next()]; ${this.#trace(`${seen}.length`)}`, `await (async () => { await next(); })();`,
      `const go = next; ${this.#trace('typeof go')} await go();`, `await next(); if (${this.#condition()}) await next();`, `try { return ${caught ? 'await ' : ''}next(); } catch { return "caught"; } finally { ${this.#trace()} }`,
      `await next(1);`, `${this.#trace('[typeof this].length')} await next();`,
    ]);
  }
}
