// FlatBuffers' own compiler as a witness: it reads our schemas and our bytes.
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Flex, readFlex } from './flex.ts';
import type { Content, Table } from './inspect.ts';

const run = promisify(execFile);

export function hasFlatc(): boolean {
  return spawnSync('flatc', ['--version']).status === 0;
}

/** Throws with what flatc says when it refuses the schema. */
export async function compile(schemaPath: string, folder: string): Promise<void> {
  const { stderr, stdout } = await run('flatc', ['--binary', '--schema', '--require-explicit-ids', '-o', folder, schemaPath]);
  // Fields keep the names that TypeScript gives them.
  const warnings = `${stdout}${stderr}`.split('\n').filter((line) => /(warning|error): \S/.test(line) && !line.includes('should be lowercase snake_case'));
  if (warnings.length > 0) throw new Error(warnings.join('\n'));
}

/** Every buffer as flatc prints it; one process for all. */
export async function toJson(schemaPath: string, root: string, buffers: readonly Uint8Array[], folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const files = buffers.map((_, index) => join(folder, `b${index}.bin`));
  await Promise.all(files.map((file, index) => writeFile(file, buffers[index]!)));
  await run('flatc', ['--json', '--strict-json', '--defaults-json', '--raw-binary', '--root-type', root, '-o', folder, schemaPath, '--', ...files]);
  const texts = await Promise.all(buffers.map((_, index) => readFile(join(folder, `b${index}.json`), 'utf8')));
  await rm(folder, { recursive: true });
  return texts;
}

/** Buffers that flatc makes of what it printed. */
export async function fromJson(schemaPath: string, root: string, texts: readonly string[], folder: string): Promise<Uint8Array[]> {
  if (texts.length === 0) return [];
  await mkdir(folder, { recursive: true });
  const files = texts.map((_, index) => join(folder, `j${index}.json`));
  await Promise.all(files.map((file, index) => writeFile(file, texts[index]!)));
  await run('flatc', ['--binary', '--strict-json', '--root-type', root, '-o', folder, schemaPath, ...files]);
  const buffers = await Promise.all(texts.map((_, index) => readFile(join(folder, `j${index}.bin`))));
  await rm(folder, { recursive: true });
  return buffers.map((buffer) => new Uint8Array(buffer));
}

/** A number keeps its digits: those of 64 bits do not fit JavaScript's. */
export class Digits {
  constructor(readonly text: string) {}
}

/** JSON as flatc writes it: with `inf`, `nan` and whole numbers of 64 bits. */
export function parseJson(text: string): unknown {
  let at = 0;
  const value = item();
  space();
  if (at < text.length) throw new Error(`more than a value: ${text.slice(at, at + 40)}`);
  return value;

  function space(): void {
    while (' \n\r\t'.includes(text[at] ?? 'x')) at++;
  }

  function item(): unknown {
    space();
    if (text[at] === '{') return object();
    if (text[at] === '[') return array();
    if (text[at] === '"') return string();
    const token = /[-+\w.]+/y;
    token.lastIndex = at;
    const word = token.exec(text)?.[0];
    if (word === undefined) throw new Error(`no value: ${text.slice(at, at + 40)}`);
    at += word.length;
    if (word === 'true' || word === 'false') return word === 'true';
    return word === 'null' ? null : new Digits(word);
  }

  function object(): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    at++;
    for (space(); text[at] !== '}'; space()) {
      if (text[at] === ',') at++;
      space();
      const name = string();
      space();
      if (text[at++] !== ':') throw new Error('a colon is expected');
      entries.push([name, item()]);
    }
    at++;
    return Object.fromEntries(entries);
  }

  function array(): unknown[] {
    const items: unknown[] = [];
    at++;
    for (space(); text[at] !== ']'; space()) {
      if (text[at] === ',') at++;
      items.push(item());
    }
    at++;
    return items;
  }

  function string(): string {
    const token = /"(?:[^"\\]|\\.)*"/y;
    token.lastIndex = at;
    const quoted = token.exec(text)?.[0];
    if (quoted === undefined) throw new Error(`no string: ${text.slice(at, at + 40)}`);
    at += quoted.length;
    return JSON.parse(quoted) as string;
  }
}

/** What differs between what flatc printed and what the bytes hold, or undefined. */
export function disagreement(json: unknown, table: Table, path = ''): string | undefined {
  if (typeof json !== 'object' || json === null) return `${path}: no table`;
  const printed = new Map(Object.entries(json as Record<string, unknown>).filter(([, value]) => value !== null));
  for (const [name, content] of table.fields) {
    const here = `${path}.${name}`;
    const value = printed.get(name);
    printed.delete(name);
    if (typeof content === 'object' && 'member' in content) {
      const type = printed.get(`${name}_type`);
      printed.delete(`${name}_type`);
      if (type !== content.member) return `${here}: flatc has a ${String(type)}, not a ${content.member}`;
      const found = disagreement(value, content.content, here);
      if (found !== undefined) return found;
      continue;
    }
    if (value === undefined && !isNull(content)) return `${here}: flatc has nothing`;
    if (value === undefined) continue;
    const found = contentDisagreement(value, content, here);
    if (found !== undefined) return found;
  }
  for (const [name, value] of printed) {
    // `--defaults-json` prints the type of an absent union.
    if (name.endsWith('_type') && value === 'NONE') continue;
    return `${path}.${name}: flatc has something`;
  }
  return undefined;
}

/** A FlexBuffer of null is printed as null, which in flatc's JSON is a field that is not there. */
function isNull(content: Content): boolean {
  return content instanceof Flex && readFlex(content) === null;
}

/** Can flatc make the bytes anew from what it printed? */
export function survivesJson(table: Table): boolean {
  return [...table.fields.values()].every(survives);
}

function survives(content: Content): boolean {
  if (Array.isArray(content)) return content.every(survives);
  if (typeof content !== 'object' || content instanceof Uint8Array) return true;
  if (content instanceof Flex) return !isNull(content);
  return survivesJson('table' in content ? content : content.content);
}

function contentDisagreement(json: unknown, content: Content, path: string): string | undefined {
  if (content instanceof Flex) return dataDisagreement(json, readFlex(content), path);
  if (content instanceof Uint8Array) return contentDisagreement(json, [...content], path);
  if (Array.isArray(content)) {
    if (!Array.isArray(json) || json.length !== content.length) return `${path}: not ${content.length} elements`;
    for (let index = 0; index < content.length; index++) {
      const found = contentDisagreement(json[index], content[index]!, `${path}[${index}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (typeof content === 'object') return 'table' in content ? disagreement(json, content, path) : `${path}: a union`;
  if (json instanceof Digits) {
    return agrees(json.text, content) ? undefined : `${path}: flatc has ${json.text}, not ${String(content)}`;
  }
  return Object.is(json, content) ? undefined : `${path}: flatc has ${JSON.stringify(json)}, not ${String(content)}`;
}

/** flatc reads FlexBuffers, too, and prints what they hold. */
function dataDisagreement(json: unknown, data: unknown, path: string): string | undefined {
  if (typeof data !== 'object' || data === null) {
    if (typeof data === 'number') return contentDisagreement(json, data, path);
    return json === data ? undefined : `${path}: flatc has ${JSON.stringify(json)}, not ${JSON.stringify(data)}`;
  }
  if (typeof json !== 'object' || json === null) return `${path}: flatc has ${JSON.stringify(json)}`;
  const [printed, own] = [Object.entries(json), data as Record<string, unknown>];
  if (printed.length !== Object.keys(own).length) return `${path}: flatc has ${printed.length} items`;
  for (const [name, value] of printed) {
    const found = dataDisagreement(value, own[name], `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** flatc prints twelve digits after the point, of a float six. */
function agrees(text: string, content: Content): boolean {
  if (typeof content === 'bigint') return BigInt(text) === content;
  if (typeof content !== 'number') return false;
  if (Number.isNaN(content)) return /nan/i.test(text);
  if (!Number.isFinite(content)) return /inf/i.test(text) && text.startsWith('-') === content < 0;
  const printed = Number(text);
  if (printed === content) return true;
  return Math.abs(printed - content) <= 1e-6 + Math.abs(content) * 1e-6;
}
