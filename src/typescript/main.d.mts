// What the compiler and the script say to each other.

export interface Request {
  project: string;
  /** By absolute path. */
  modules: Record<string, Module>;
  /** Declaration files that are read as if they were there, by absolute path. */
  ambient: Record<string, string>;
  questions: Question[];
}

export interface Module {
  /** Its path in the project. */
  name: string;
  /** What is read in place of the file. */
  text?: string;
  /** Exported declarations that are answered by name. */
  keep: string[];
  /** The same, exported or not, for questions of the module itself. */
  own: string[];
  /** Names that helper declarations must not have. */
  taken: string[];
}

export interface Question {
  file: string;
  /** A type in the scope of the file. */
  text: string;
  /** What the type is called within itself. */
  name: string;
  /** The file has an alias of that name for it. */
  declared: boolean;
  /** Type parameters, and the questions whose types they stand for. */
  bindings: [parameter: string, question: number][];
  /** It is to be answered, not only the value of a type parameter. */
  wanted: boolean;
}

export type Reply = { text: string } | { refusal: Refusal };

export interface Refusal {
  kind: 'unresolved' | 'unsupported' | 'pattern' | 'generic' | 'deep' | 'large';
  what: string;
  path: string;
  complaint?: string;
}

export interface Response {
  version: string;
  /** By question; none where it was not wanted. */
  answers: Reply[];
  /** Aliases that answers name, by file. */
  helpers: Record<string, { name: string; text: string }[]>;
  /** What was read, but for TypeScript's own files. */
  files: string[];
}

export function answer(request: Request): Promise<Response | { missing: true } | { version: string; unsupported: true }>;
export function main(request: Request, mark: string): Promise<void>;
