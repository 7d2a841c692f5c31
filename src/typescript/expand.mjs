// A type as the compiler knows it → the text of a type that needs no compiler.
//
//   Input:  z.infer<typeof schema>, ReturnType<typeof load>, …
//   Output: { name: string; tags?: Array<string>; owner: import("kontract:src/user.ts").User }
//
// Only these come out: keywords, literals, object types, unions, `Array`, `ReadonlyArray`, tuples,
// TypeScript's own generic types by name, declarations of the project by name, and helper declarations
// where a type holds itself. What has no such form is a `Refusal`.

/** Why a type has no text. `kind` is one of the words that the compiler knows. */
export class Refusal extends Error {
  constructor(kind, what, path) {
    super(`${kind}: ${what}`);
    this.kind = kind;
    this.what = what;
    this.path = path;
  }
}

/** TypeScript's generic types that travel, or that the compiler explains. */
const GENERIC = new Set([
  'Map', 'Set', 'ReadonlyMap', 'ReadonlySet', 'Promise', 'PromiseLike',
  'AsyncIterable', 'AsyncIterableIterator', 'AsyncGenerator',
]);

const MAX_DEPTH = 64;
const MAX_TYPES = 20_000;

export class Expander {
  /**
   * `modules`: path → `{ name, keep, own, taken }`: the project's modules, the declarations in each
   * that are answered by name (`own`: in answers to itself), and the names that helpers must not have.
   */
  constructor(compiler, modules) {
    this.compiler = compiler;
    this.modules = modules;
    this.folded = new Map([...modules].map(([file, module]) => [file.toLowerCase(), module]));
  }

  /**
   * `home` is the path of the module whose helpers these are, `hint` a name for what has none;
   * `declared`: the module has an alias of that name for this very type.
   */
  answer(type, home, hint, declared) {
    this.home = this.modules.get(home) ?? { name: home, keep: new Set(), own: new Set(), taken: new Set() };
    this.home.helpers ??= { names: new Map(), texts: [] };
    this.hint = hint;
    this.path = [];
    this.open = new Map();
    this.left = MAX_TYPES;
    this.root = declared ? type : undefined;
    return this.#type(type);
  }

  #refuse(kind, what) {
    throw new Refusal(kind, what, this.path.join(''));
  }

  #within(step, expand) {
    this.path.push(step);
    const text = expand();
    this.path.pop();
    return text;
  }

  #type(type) {
    const { compiler: c } = this;
    const { TypeFlags: T } = c;
    const { flags } = type;
    this.left -= 1;
    if (this.left < 0) this.#refuse('large', `${MAX_TYPES} types`);
    if (flags & T.Any) return c.isError(type) ? this.#refuse('unresolved', c.text(type)) : 'any';
    for (const [flag, keyword] of [
      [T.Unknown, 'unknown'], [T.String, 'string'], [T.Number, 'number'], [T.BigInt, 'bigint'],
      [T.Undefined, 'undefined'], [T.Null, 'null'], [T.Void, 'void'], [T.Never, 'never'],
    ]) {
      if (flags & flag) return keyword;
    }
    if (flags & (T.ESSymbol | T.UniqueESSymbol)) this.#refuse('unsupported', 'symbol');
    if (flags & T.NonPrimitive) this.#refuse('unsupported', 'object');
    if (flags & T.Boolean) return 'boolean';
    if (flags & T.Union) return this.#named(type) ?? this.#recursive(type, () => this.#union(c.members(type)));
    if (flags & (T.StringLiteral | T.NumberLiteral | T.BigIntLiteral | T.BooleanLiteral)) {
      return this.#literal(c.literal(type));
    }
    // A computed enum: numbers that only the running program knows.
    if (flags & T.Enum) return 'number';
    if (flags & (T.TemplateLiteral | T.StringMapping)) this.#refuse('pattern', c.text(type));
    if (flags & T.Substitution) return this.#type(c.base(type));
    if (flags & T.Intersection) return this.#recursive(type, () => this.#intersection(type));
    if (flags & T.Object) return this.#recursive(type, () => this.#object(type));
    return this.#refuse('generic', c.text(type));
  }

  #literal(value) {
    switch (typeof value) {
      case 'string':
        if (!value.isWellFormed()) this.#refuse('unsupported', 'a string with half a surrogate pair');
        return JSON.stringify(value);
      case 'number':
        return Number.isFinite(value) ? String(value) : 'number';
      case 'bigint':
        return `${value}n`;
      default:
        return String(value);
    }
  }

  /** Compilers order the members of unions as they met them: sorted, all answer alike. */
  #union(members) {
    // By what they say: where fields are declared moves with every edit.
    const texts = new Map();
    for (const text of members.map((member) => this.#type(member)).sort()) {
      const key = text.replaceAll(/\/\*\* kontract:.*? \*\/ /g, '');
      if (!texts.has(key)) texts.set(key, text);
    }
    if (texts.has('true') && texts.has('false')) {
      texts.delete('true');
      texts.delete('false');
      texts.set('boolean', 'boolean');
    }
    const rank = (key) => ['null', 'undefined'].indexOf(key);
    const sorted = [...texts].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
    return sorted.map(([, text]) => text).join(' | ');
  }

  /** A type within itself becomes a helper declaration. */
  #recursive(type, expand) {
    const { names, texts } = this.home.helpers;
    if (type === this.root && this.open.size === 0 && !names.has(type)) {
      // It is declared already: within itself and in later answers it goes by that name.
      names.set(type, { name: this.hint, done: false, declared: true });
    }
    const known = names.get(type);
    if (known?.done) return this.#helper(known.name);
    if (this.open.has(type)) {
      if (known === undefined) names.set(type, { name: this.#helperName(type), done: false, declared: false });
      return this.#helper(names.get(type).name);
    }
    if (this.open.size >= MAX_DEPTH) this.#refuse('deep', `${MAX_DEPTH} levels`);
    this.open.set(type, true);
    const text = expand();
    this.open.delete(type);
    const helper = names.get(type);
    if (helper === undefined) return text;
    helper.done = true;
    if (helper.declared) return text;
    texts.push({ name: helper.name, text });
    return this.#helper(helper.name);
  }

  #helper(name) {
    return `import("kontract:${this.home.name}").${name}`;
  }

  #helperName(type) {
    const { compiler: c, home } = this;
    const own = c.alias(type)?.symbol.name ?? (this.#isWhole(type) ? '' : c.symbol(type)?.name);
    const usable = (name) => /^[A-Za-z][A-Za-z0-9_]*$/.test(name ?? '');
    const base = [own, this.hint, 'Recursive'].find(usable);
    let name = base;
    for (let n = 2; home.taken.has(name); n += 1) name = `${base}${n}`;
    home.taken.add(name);
    return name;
  }

  #intersection(type) {
    const { compiler: c } = this;
    const { TypeFlags: T } = c;
    const members = c.members(type);
    const rest = members.filter((member) => !this.#isSecretBrand(member));
    if (rest.length < members.length && rest.length > 0) {
      const inner = rest.length === 1 ? this.#type(rest[0]) : this.#properties(type);
      return `import("kontract").Secret<${inner}>`;
    }
    // A branded value is the value.
    const bare = members.find((m) => (m.flags & (T.Object | T.Intersection)) === 0);
    if (bare !== undefined) return this.#type(bare);
    const whole = members.find((m) => this.#isWhole(m));
    if (whole !== undefined) return this.#type(whole);
    return this.#named(type) ?? this.#properties(type);
  }

  /** Arrays, dates and the like: a type that more fields add nothing to. */
  #isWhole(type) {
    const { compiler: c } = this;
    return c.isArray(type) || c.isTuple(type) || this.#libraryName(type) !== undefined;
  }

  #isSecretBrand(type) {
    const { compiler: c } = this;
    if ((type.flags & c.TypeFlags.Object) === 0) return false;
    const properties = c.properties(type);
    return properties.length === 1 && this.#isSecretKey(properties[0]);
  }

  #isSecretKey(symbol) {
    return symbol.escapedName.startsWith('__@secret@')
      && this.compiler.declarations(symbol).some((d) => isKontract(d.file));
  }

  #object(type) {
    const { compiler: c } = this;
    if (c.isArray(type)) {
      const [item] = c.arguments(type);
      const name = c.symbol(type)?.name === 'ReadonlyArray' ? 'ReadonlyArray' : 'Array';
      return `${name}<${this.#within('[]', () => this.#type(item))}>`;
    }
    if (c.isTuple(type)) return this.#tuple(type);
    const library = this.#libraryName(type);
    if (library !== undefined) {
      if (!GENERIC.has(library)) return library;
      const args = c.arguments(type);
      return args.length === 0 ? library : this.#applied(library, args);
    }
    return this.#named(type) ?? this.#properties(type);
  }

  #applied(name, args) {
    const texts = args.map((arg) => this.#within('<>', () => this.#type(arg)));
    return texts.length === 0 ? name : `${name}<${texts.join(', ')}>`;
  }

  #tuple(type) {
    const { compiler: c } = this;
    const { ElementFlags: E } = c;
    const { flags, readonly, types } = c.tuple(type);
    const elements = flags.map((flag, index) => this.#within(`[${index}]`, () => {
      if (flag & E.Rest) return `...Array<${this.#type(types[index])}>`;
      if (flag & E.Variadic) return this.#refuse('generic', c.text(type));
      if (flag & E.Optional) return `(${this.#present(types[index])})?`;
      return this.#type(types[index]);
    }));
    return `${readonly ? 'readonly ' : ''}[${elements.join(', ')}]`;
  }

  /** It is what a class or interface declares; the class itself has the same symbol. */
  #isInstance(type) {
    const { TypeFlags, ObjectFlags } = this.compiler;
    return (type.flags & TypeFlags.Object) !== 0
      && (type.objectFlags & (ObjectFlags.ClassOrInterface | ObjectFlags.Reference)) !== 0;
  }

  /** The name of a type of TypeScript's own library, and of Node's `Buffer`. */
  #libraryName(type) {
    const { compiler: c } = this;
    const symbol = this.#isInstance(type) ? c.symbol(type) : undefined;
    if (symbol === undefined) return undefined;
    const declared = c.declarations(symbol);
    const own = declared.some((d) => c.isDefaultLibrary(d.file)
      || (symbol.name === 'Buffer' && d.file.includes('/@types/node/')));
    return own ? symbol.name : undefined;
  }

  /** A declaration of the project, or one of Kontract's that means something, by name. */
  #named(type) {
    const { compiler: c } = this;
    const alias = c.alias(type);
    const own = this.#isInstance(type) ? c.symbol(type) : undefined;
    for (const [symbol, args] of [[alias?.symbol, alias?.arguments], [own, undefined]]) {
      if (symbol === undefined) continue;
      for (const declared of c.declarations(symbol)) {
        if (symbol.name === 'HttpResp' && isKontract(declared.file)) {
          return this.#applied('import("kontract").HttpResp', args ?? c.arguments(type));
        }
        const module = this.#module(declared.file);
        const known = module?.keep.has(symbol.name) || (module === this.home && module.own.has(symbol.name));
        if (known && declared.of().topLevel) {
          const text = this.#applied(symbol.name, args ?? c.arguments(type));
          return `import("kontract:${module.name}").${text}`;
        }
      }
    }
    return undefined;
  }

  #module(file) {
    return this.modules.get(file) ?? this.folded.get(file.toLowerCase());
  }

  #properties(type) {
    const { compiler: c } = this;
    if (c.isFunction(type)) this.#refuse('unsupported', 'function');
    const { Class, Method, Accessor, Optional } = c.SymbolFlags;
    const isClass = this.#isInstance(type) && ((c.symbol(type)?.flags ?? 0) & Class) !== 0;
    const members = [];
    const properties = this.#ordered(type).filter((p) => !isClass || !this.#staysBehind(p, Method | Accessor));
    if (properties.some((p) => this.#isSecretKey(p))) {
      return this.#refuse('unsupported', 'a Secret whose fields were taken apart');
    }
    const types = c.typesOf(properties);
    properties.forEach((property, index) => {
      const { name } = property;
      const optional = (property.flags & Optional) !== 0;
      const step = /^[\w$]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
      const text = this.#within(step, () => {
        if (property.escapedName.startsWith('__@')) this.#refuse('unsupported', 'a field named by a symbol');
        if (!name.isWellFormed()) this.#refuse('unsupported', 'a name with half a surrogate pair');
        return optional ? this.#present(types[index]) : this.#type(types[index]);
      });
      members.push(`${this.#origin(property)}${JSON.stringify(name)}${optional ? '?' : ''}: ${text}`);
    });
    for (const { key, value, readonly } of c.indexes(type)) {
      const keyText = this.#type(key);
      if (!['string', 'number'].includes(keyText)) this.#refuse('unsupported', `fields named by ${c.text(key)}`);
      const text = this.#within('[]', () => this.#type(value));
      members.push(`${readonly ? 'readonly ' : ''}[key: ${keyText}]: ${text}`);
    }
    // On lines of their own: a doc comment belongs to what follows it there.
    return members.length === 0 ? '{}' : `{\n${members.join(';\n')}\n}`;
  }

  /** Only public fields of a class's instances are data. */
  #staysBehind(property, flags) {
    return (property.flags & flags) !== 0
      || property.escapedName.startsWith('__#')
      || property.escapedName.startsWith('__@')
      || this.compiler.declarations(property).some((d) => d.of().hidden);
  }

  /** What an optional field holds where it is present: `a?: T` alone does not admit undefined. */
  #present(type) {
    const { compiler: c } = this;
    const isMissing = (t) => (t.flags & c.TypeFlags.Undefined) !== 0 && t !== c.undefinedType;
    if (isMissing(type)) return 'never';
    if ((type.flags & c.TypeFlags.Union) === 0) return this.#type(type);
    return this.#union(c.members(type).filter((member) => !isMissing(member)));
  }

  /**
   * Where a field of the project is declared: what the compiler knows of that declaration (its
   * permission, its scalar, its docs) holds here too.
   */
  #origin(property) {
    for (const declared of this.compiler.declarations(property)) {
      const module = this.#module(declared.file);
      if (module !== undefined) return `/** kontract:${declared.of().start} ${module.name} */ `;
    }
    return '';
  }

  /**
   * Mapped types have their fields in the order in which the compiler met the names, which is not
   * the same in all versions: they are put in the order of their declarations, or of their names.
   */
  #ordered(type) {
    const { compiler: c } = this;
    const properties = c.properties(type);
    if (type.flags & c.TypeFlags.Intersection) {
      const byName = new Map(properties.map((p) => [p.escapedName, p]));
      const names = c.members(type).filter((m) => m.flags & (c.TypeFlags.Object | c.TypeFlags.Intersection))
        .flatMap((m) => this.#ordered(m).map((p) => p.escapedName));
      return [...new Set(names)].map((name) => byName.get(name)).filter((p) => p !== undefined);
    }
    if ((type.objectFlags & c.ObjectFlags.Mapped) === 0) return properties;
    const placed = properties.map((property) => {
      const [declared] = c.declarations(property);
      return { property, file: declared?.file, start: declared?.of().start ?? 0 };
    });
    const file = placed[0]?.file;
    const together = file !== undefined && placed.every((p) => p.file === file);
    const byName = (a, b) => (a.property.name < b.property.name ? -1 : 1);
    placed.sort((a, b) => (together && a.start - b.start) || byName(a, b));
    return placed.map(({ property }) => property);
  }
}

function isKontract(file) {
  return /(^|\/)kontract\/(dist|src)\//.test(file);
}
