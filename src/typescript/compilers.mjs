// TypeScript's own view of a project, the same for TypeScript 5 and 6 (a library that runs in this
// process) and 7 (a native process behind `typescript/unstable/sync`). Files are only read.
//
// A compiler opens one tsconfig with some files laid over it, and answers questions about types.
// Types and symbols are opaque to callers: what they are is asked of the compiler.
import { createRequire } from 'node:module';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';

/** What the resolver of types relies on, whatever the project's own settings say. */
const FORCED = {
  // `null` and `undefined` are types of their own, and `a?: T` does not admit undefined.
  strictNullChecks: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  noErrorTruncation: true,
  skipLibCheck: true,
  composite: false,
  incremental: false,
};

/** Where no tsconfig says anything. */
const USUAL = {
  strict: true,
  target: 'esnext',
  module: 'esnext',
  moduleResolution: 'bundler',
  jsx: 'preserve',
  resolveJsonModule: true,
};

/** Finds the project's TypeScript. Gives null where there is none. */
export async function findTypeScript(project) {
  const require = createRequire(path.join(project, 'kontract.js'));
  let manifest;
  try {
    manifest = require.resolve('typescript/package.json');
  } catch {
    return null;
  }
  const { version } = JSON.parse(fs.readFileSync(manifest, 'utf8'));
  const major = Number.parseInt(version, 10);
  if (!(major >= 5)) return { version, open: null };
  const tsc = path.join(path.dirname(manifest), 'bin/tsc');
  if (!isNative(version)) return { version, tsc, open: (settings) => new Library(require('typescript'), settings) };
  let api;
  try {
    api = await import(pathToFileURL(require.resolve('typescript/unstable/sync')).href);
  } catch (error) {
    return { version, tsc, open() { throw error; } };
  }
  return { version, tsc, open: (settings) => new Native(api, settings) };
}

/** Whether this version is a process of its own, not a library. */
export function isNative(version) {
  return Number.parseInt(version, 10) >= 7;
}

/** The text of the tsconfig that is opened: the project's own with `forced` on top. */
export function derivedConfig(config, files, forced) {
  return JSON.stringify({
    ...(config === null ? {} : { extends: `./${config.slice(config.lastIndexOf('/') + 1)}` }),
    compilerOptions: { ...(config === null ? USUAL : {}), ...forced },
    files,
    include: [],
    references: [],
  });
}

export const CONFIG_NAME = 'tsconfig.__kontract.json';

function derivedPath({ project, config }) {
  return path.join(config === null ? project : path.dirname(config), CONFIG_NAME).replaceAll('\\', '/');
}

/** Whether that is the tsconfig that only compilers see. */
export function isDerived(file) {
  return file?.endsWith(`/${CONFIG_NAME}`) ?? false;
}

/** The folders that the files of an overlay lie in. */
function foldersOf(overlay) {
  return new Set([...overlay.keys()].map((file) => file.slice(0, file.lastIndexOf('/'))));
}

/** TypeScript 5 and 6. */
class Library {
  constructor(ts, { project, overlay }) {
    this.ts = ts;
    this.project = project;
    this.overlay = overlay;
    const { TypeFlags, ObjectFlags, SymbolFlags, ElementFlags, SignatureKind } = ts;
    Object.assign(this, { TypeFlags, ObjectFlags, SymbolFlags, ElementFlags, SignatureKind });
    /** Declaration files that were read: TypeScript's own are large, and the same for all projects. */
    this.declarationFiles = new Map();
  }

  /** What a tsconfig says: `{ fileNames, options }`. */
  configOf(config) {
    return this.#parse(config);
  }

  #parse(config, text) {
    const { ts } = this;
    const json = ts.parseConfigFileTextToJson(config, text ?? ts.sys.readFile(config) ?? '');
    return ts.parseJsonConfigFileContent(json.config ?? {}, ts.sys, path.dirname(config), undefined, config);
  }

  open(config, roots, forced = FORCED) {
    const { ts, overlay } = this;
    const derived = derivedPath({ project: this.project, config });
    const { options, errors } = this.#parse(derived, derivedConfig(config, roots, forced));
    this.errors = errors;
    const host = ts.createCompilerHost(options, true);
    const readFile = host.readFile.bind(host);
    const getSourceFile = host.getSourceFile.bind(host);
    const fileExists = host.fileExists.bind(host);
    const directoryExists = host.directoryExists.bind(host);
    const folders = foldersOf(overlay);
    host.fileExists = (file) => overlay.has(file) || fileExists(file);
    host.directoryExists = (folder) => folders.has(folder) || directoryExists(folder);
    host.readFile = (file) => overlay.get(file) ?? readFile(file);
    host.getSourceFile = (file, options, onError) => {
      const text = overlay.get(file);
      if (text === undefined && file.endsWith('.d.ts')) {
        const key = JSON.stringify([file, options]);
        if (!this.declarationFiles.has(key)) this.declarationFiles.set(key, getSourceFile(file, options, onError));
        return this.declarationFiles.get(key);
      }
      if (text === undefined) return getSourceFile(file, options, onError);
      return ts.createSourceFile(file, text, options, true);
    };
    this.program = ts.createProgram({ rootNames: roots, options, host });
    this.checker = this.program.getTypeChecker();
    this.undefinedType = this.checker.getUndefinedType();
  }

  close() {}

  /** Paths of all files that were read, but for TypeScript's own. */
  files() {
    const { program } = this;
    return program.getSourceFiles().filter((f) => !program.isSourceFileDefaultLibrary(f)).map((f) => f.fileName);
  }

  /** The types that the aliases of these names declare. */
  aliases(file, names) {
    const source = this.program.getSourceFile(file);
    const wanted = new Map();
    for (const statement of source?.statements ?? []) {
      if (this.ts.isTypeAliasDeclaration(statement)) wanted.set(statement.name.text, statement.name);
    }
    return names.map((name) => {
      const node = wanted.get(name);
      const symbol = node && this.checker.getSymbolAtLocation(node);
      return symbol && this.checker.getDeclaredTypeOfSymbol(symbol);
    });
  }

  /** What TypeScript finds wrong in a file: `[{ code, start, text }]`. */
  complaints(file) {
    const found = this.program.getSemanticDiagnostics(this.program.getSourceFile(file));
    return found.map(({ code, start, messageText }) => ({
      code,
      start,
      text: this.ts.flattenDiagnosticMessageText(messageText, '\n').split('\n')[0],
    }));
  }

  /** All that TypeScript says of the project: `[{ file, start, end, code, error, text, related }]`. */
  problems() {
    const { program, ts } = this;
    const found = [
      ...this.errors,
      ...program.getOptionsDiagnostics(),
      ...program.getGlobalDiagnostics(),
      ...program.getSyntacticDiagnostics(),
      ...program.getSemanticDiagnostics(),
      ...(program.getCompilerOptions().declaration ? program.getDeclarationDiagnostics() : []),
    ];
    const place = ({ file, start, length, messageText }) => ({
      file: file?.fileName,
      start,
      end: start + length,
      text: ts.flattenDiagnosticMessageText(messageText, '\n'),
    });
    return found.map((problem) => ({
      ...place(problem),
      code: problem.code,
      error: problem.category === ts.DiagnosticCategory.Error,
      related: problem.relatedInformation?.map(place) ?? [],
    }));
  }

  text(type) {
    return this.checker.typeToString(type);
  }

  symbol(type) {
    return type.symbol;
  }

  alias(type) {
    return type.aliasSymbol && { symbol: type.aliasSymbol, arguments: type.aliasTypeArguments ?? [] };
  }

  members(type) {
    return type.types;
  }

  base(substitution) {
    return substitution.baseType;
  }

  literal(type) {
    const { value } = type;
    if (typeof value === 'object') return BigInt(`${value.negative ? '-' : ''}${value.base10Value}`);
    return value ?? type.intrinsicName === 'true';
  }

  isError(type) {
    return (type.flags & this.TypeFlags.Any) !== 0 && type.intrinsicName === 'error';
  }

  isArray(type) {
    return this.checker.isArrayType(type);
  }

  isTuple(type) {
    return this.checker.isTupleType(type);
  }

  tuple(type) {
    const { elementFlags: flags, readonly } = type.target;
    return { flags, readonly, types: this.checker.getTypeArguments(type) };
  }

  /** Its type arguments, without the hidden one for `this`. */
  arguments(type) {
    if ((type.objectFlags & this.ObjectFlags.Reference) === 0) return [];
    const all = this.checker.getTypeArguments(type);
    return all.slice(0, type.target.typeParameters?.length ?? 0);
  }

  properties(type) {
    return this.checker.getPropertiesOfType(type);
  }

  typesOf(symbols) {
    return symbols.map((symbol) => this.checker.getTypeOfSymbol(symbol));
  }

  indexes(type) {
    return this.checker.getIndexInfosOfType(type).map((info) => ({ key: info.keyType, value: info.type, readonly: info.isReadonly }));
  }

  isFunction(type) {
    return type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0;
  }

  /** Where a symbol is declared. `of` gives what needs the syntax tree, when it is called for. */
  declarations(symbol) {
    const { ts } = this;
    return (symbol.declarations ?? []).map((node) => ({
      file: node.getSourceFile().fileName,
      of: () => ({
        topLevel: ts.isSourceFile(node.parent),
        start: node.getStart(),
        hidden: (ts.getCombinedModifierFlags(node) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0,
      }),
    }));
  }

  isDefaultLibrary(file) {
    const source = this.program.getSourceFile(file);
    return source !== undefined && this.program.isSourceFileDefaultLibrary(source);
  }
}

/** TypeScript 7. */
class Native {
  constructor(module, { project, overlay }) {
    this.project = project;
    this.overlay = overlay;
    const { TypeFlags, ObjectFlags, SymbolFlags, ElementFlags, SignatureKind, ModifierFlags, DiagnosticCategory } = module;
    Object.assign(this, { TypeFlags, ObjectFlags, SymbolFlags, ElementFlags, SignatureKind, ModifierFlags, DiagnosticCategory });
    this.derived = new Map();
    const readFile = (file) => this.derived.get(file) ?? overlay.get(file);
    const virtual = { readFile };
    // Each of these costs a round trip for every file that is looked for.
    if ([...overlay.keys()].some((file) => !fs.existsSync(file))) {
      const folders = foldersOf(overlay);
      virtual.fileExists = (file) => (overlay.has(file) ? true : undefined);
      virtual.directoryExists = (folder) => (folders.has(folder) ? true : undefined);
    }
    this.api = new module.API({ cwd: project, fs: virtual });
  }

  configOf(config) {
    return this.api.parseConfigFile(config);
  }

  open(config, roots, forced = FORCED) {
    const derived = derivedPath({ project: this.project, config });
    this.derived.set(derived, derivedConfig(config, roots, forced));
    const snapshot = this.api.updateSnapshot({ openProjects: [derived] });
    const project = snapshot.getProject(derived);
    if (project === undefined) throw new Error(`TypeScript did not open ${derived}`);
    this.program = project.program;
    this.checker = project.checker;
    this.undefinedType = this.checker.getUndefinedType();
  }

  close() {
    this.api.close();
  }

  files() {
    return this.program.getSourceFileNames().filter((file) => !this.isDefaultLibrary(file));
  }

  aliases(file, names) {
    const text = this.overlay.get(file) ?? '';
    const positions = names.map((name) => text.indexOf(`type ${name} =`) + 'type '.length);
    const symbols = this.checker.getSymbolAtPosition(file, positions);
    return symbols.map((symbol) => symbol && this.checker.getDeclaredTypeOfSymbol(symbol));
  }

  complaints(file) {
    const found = this.program.getSemanticDiagnostics(file);
    return found.map(({ code, pos, text }) => ({ code, start: pos, text: text.split('\n')[0] }));
  }

  problems() {
    const { program } = this;
    const found = [
      ...program.getConfigFileParsingDiagnostics(),
      ...program.getProgramDiagnostics(),
      ...program.getGlobalDiagnostics(),
      ...program.getSyntacticDiagnostics(),
      ...program.getBindDiagnostics(),
      ...program.getSemanticDiagnostics(),
      ...(program.getCompilerOptions().declaration ? program.getDeclarationDiagnostics() : []),
    ];
    const chain = ({ text, messageChain = [] }, indent = '') =>
      [`${indent}${text}`, ...messageChain.flatMap((next) => chain(next, `${indent}  `))];
    // What is said of no file has a place of -1.
    const at = (place) => (place < 0 ? undefined : place);
    const place = (problem) => ({
      file: problem.fileName || undefined,
      start: at(problem.pos),
      end: at(problem.end),
      text: chain(problem).join('\n'),
    });
    return found.map((problem) => ({
      ...place(problem),
      code: problem.code,
      error: problem.category === this.DiagnosticCategory.Error,
      related: problem.relatedInformation?.map(place) ?? [],
    }));
  }

  text(type) {
    return this.checker.typeToString(type);
  }

  symbol(type) {
    return type.getSymbol();
  }

  alias(type) {
    const symbol = type.getAliasSymbol();
    return symbol && { symbol, arguments: type.getAliasTypeArguments() };
  }

  members(type) {
    return type.getTypes();
  }

  base(substitution) {
    return substitution.getBaseType();
  }

  literal(type) {
    return type.value;
  }

  isError(type) {
    return type.isErrorType();
  }

  isArray(type) {
    return this.checker.isArrayType(type);
  }

  isTuple(type) {
    return this.checker.isTupleType(type);
  }

  tuple(type) {
    const { elementFlags: flags, readonly } = type.getTarget();
    return { flags, readonly, types: this.checker.getTypeArguments(type) };
  }

  arguments(type) {
    if ((type.objectFlags & this.ObjectFlags.Reference) === 0) return [];
    const all = this.checker.getTypeArguments(type);
    return all.slice(0, type.getTarget().getTypeParameters().length);
  }

  properties(type) {
    return this.checker.getPropertiesOfType(type);
  }

  typesOf(symbols) {
    return symbols.length === 0 ? [] : this.checker.getTypeOfSymbol(symbols);
  }

  indexes(type) {
    return this.checker.getIndexInfosOfType(type).map((info) => ({ key: info.keyType, value: info.valueType, readonly: info.isReadonly }));
  }

  isFunction(type) {
    const { Call, Construct } = this.SignatureKind;
    return [Call, Construct].some((kind) => this.checker.getSignaturesOfType(type, kind).length > 0);
  }

  declarations(symbol) {
    return symbol.declarations.map((handle) => ({
      file: handle.path,
      of: () => {
        const node = handle.resolve();
        const { Private, Protected } = this.ModifierFlags;
        return {
          topLevel: node?.parent !== undefined && node.parent.parent === undefined,
          start: node?.getStart() ?? 0,
          hidden: ((node?.modifierFlags ?? 0) & (Private | Protected)) !== 0,
        };
      },
    }));
  }

  isDefaultLibrary(file) {
    // Asking costs a round trip.
    return /\/lib\.[\w.]*d\.ts$/.test(file)
      && (this.program.getSourceFileMetadata(file)?.isDefaultLibrary ?? false);
  }
}
