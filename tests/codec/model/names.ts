// Names of properties: ordinary ones, and those that some layer might trip over.

export const ordinary = [
  'id', 'email', 'title', 'count', 'items', 'note', 'price', 'createdAt', 'owner', 'tags', 'flag', 'ratio', 'parent', 'address',
  'city', 'zip', 'first', 'last', 'score', 'kindOf', 'payload', 'version', 'x', 'y', 'z', 'width', 'height', 'label', 'body', 'author',
];

/**
 * Of Object.prototype, keywords of TypeScript and of FlatBuffers, what generated code might call
 * its own variables, names that differ in case or come close to derived ones, and no identifiers.
 */
export const odd = [
  'constructor', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf', 'toJSON', 'then', '__defineGetter__', 'prototype',
  'type', 'table', 'union', 'struct', 'enum', 'namespace', 'root_type', 'include', 'attribute', 'rpc_service', 'file_identifier',
  'bool', 'byte', 'ubyte', 'short', 'int', 'uint', 'long', 'ulong', 'float', 'double', 'string', 'true', 'false', 'null', 'inf', 'nan',
  'default', 'class', 'function', 'delete', 'new', 'return', 'this', 'var', 'let', 'await', 'async', 'yield', 'static', 'get', 'set',
  'interface', 'readonly', 'undefined', 'NaN', 'arguments', 'eval', 'in', 'of', 'if', 'for', 'while', 'import', 'export',
  'value', 'state', 'key', 'result', 'path', 'bytes', 'args', 'offset', 'position', 'buffer', 'view', 'length', 'name', 'rest', 'index',
  'value_state', 'value_type', 'x_state', 'x_type', 'X', 'ID', 'Id', 'i_d', 'createdat', 'created_at', 'kind', 'Kind', 'KIND', 'field', 'f0', '_', '$', '__', '_id', '$ref',
  '', ' ', '0', '1', '10', '01', '-1', '1e3', 'content-type', 'a.b', 'a b', 'a"b', "a'b", 'a`b', 'a\\b', 'a\nb', '${x}', '*/', '//',
  'grün', 'größe', 'Ünï', '日本', 'π', '😀', '\u2028', 'e\u0301', '\u00e9', 'a'.repeat(70),
];

/** The name in a type literal or an interface. */
export function written(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name).replaceAll('\u2028', '\\u2028');
}
