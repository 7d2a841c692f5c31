// Reads `.fbs` files: what of the language our schemas use, and no more, so that anything else is
// noticed.

export interface SchemaField {
  name: string;
  /** `string`, `double`, `[ubyte]`, `[Entry]`, `User`, … */
  type: string;
  id: number;
  deprecated: boolean;
  flexbuffer: boolean;
}

export interface Schema {
  namespace: string;
  tables: Map<string, SchemaField[]>;
  /** Members by their tags. */
  unions: Map<string, Map<number, string>>;
}

export function parseSchema(text: string): Schema {
  const tokens = tokenize(text);
  const schema: Schema = { namespace: '', tables: new Map(), unions: new Map() };
  let at = 0;
  const next = () => tokens[at++] ?? fail('the end of the file');
  const fail = (what: string): never => {
    throw new Error(`${what} is not expected in a schema, near ${tokens.slice(Math.max(0, at - 8), at + 2).join(' ')}`);
  };
  const expect = (token: string) => next() === token || fail(tokens[at - 1] ?? 'the end');
  while (at < tokens.length) {
    const keyword = next();
    if (keyword === 'namespace') {
      while (tokens[at] !== ';') schema.namespace += next();
      expect(';');
    } else if (keyword === 'table') {
      const name = next();
      if (schema.tables.has(name)) fail(`a second ${name}`);
      const fields: SchemaField[] = [];
      expect('{');
      while (tokens[at] !== '}') fields.push(field());
      expect('}');
      schema.tables.set(name, fields);
    } else if (keyword === 'union') {
      const name = next();
      const tags = new Map<number, string>();
      let tag = 0;
      expect('{');
      while (tokens[at] !== '}') {
        const member = next();
        tag++;
        if (tokens[at] === '=') {
          next();
          tag = Number(next());
        }
        tags.set(tag, member);
        if (tokens[at] === ',') next();
      }
      expect('}');
      schema.unions.set(name, tags);
    } else if (keyword === 'root_type') {
      next();
      expect(';');
    } else {
      fail(keyword);
    }
  }
  return schema;

  function field(): SchemaField {
    const name = next();
    expect(':');
    let type = next();
    if (type === '[') {
      type = `[${next()}]`;
      expect(']');
    }
    if (tokens[at] === '=') {
      next();
      next();
    }
    let id = -1;
    let deprecated = false;
    let flexbuffer = false;
    if (tokens[at] === '(') {
      next();
      while (tokens[at] !== ')') {
        const attribute = next();
        if (attribute === 'id') {
          expect(':');
          id = Number(next());
        } else if (attribute === 'deprecated') {
          deprecated = true;
        } else if (attribute === 'flexbuffer') {
          flexbuffer = true;
        } else if (attribute !== ',') {
          fail(attribute);
        }
      }
      expect(')');
    }
    expect(';');
    if (!(id >= 0)) fail(`${name} without an id`);
    return { name, type, id, deprecated, flexbuffer };
  }
}

/** How many ids a table takes. */
export function idCount(fields: readonly SchemaField[]): number {
  return Math.max(-1, ...fields.map((field) => field.id)) + 1;
}

function tokenize(text: string): string[] {
  return text.replace(/\/\/.*$/gm, '').match(/[\w.-]+|[^\s\w]/g) ?? [];
}
