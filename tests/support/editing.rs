//! Random edits of a small project with a bit of everything.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// mulberry32
pub struct Random(u32);

impl Random {
    pub fn new(seed: u32) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x6d2b_79f5);
        let mut t = (self.0 ^ (self.0 >> 15)).wrapping_mul(1 | self.0);
        t = t.wrapping_add((t ^ (t >> 7)).wrapping_mul(0x3d | t)) ^ t;
        ((t ^ (t >> 14)) as usize) % n
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

#[derive(Debug)]
pub enum Edit {
    Write {
        path: String,
        text: String,
    },
    Remove {
        path: String,
    },
    Rename {
        from: String,
        to: String,
    },
    /// Outputs and what builds leave for each other.
    Spoil {
        path: PathBuf,
        bytes: Option<Vec<u8>>,
    },
}

impl Edit {
    pub fn random(random: &mut Random, sources: &BTreeMap<String, String>) -> Self {
        let paths: Vec<&String> = sources.keys().collect();
        let code: Vec<&String> = paths.iter().copied().filter(|p| p.ends_with(".ts")).collect();
        match random.below(12) {
            0 if !code.is_empty() => Self::Remove { path: (*random.of(&code)).clone() },
            1 if !code.is_empty() => {
                let from = (*random.of(&code)).clone();
                let stem = from.trim_end_matches(".ts");
                let to = match random.below(3) {
                    // The same name, but for its case.
                    0 => match stem.rsplit_once('/') {
                        Some((folder, name)) => format!("{folder}/{}.ts", name.to_uppercase()),
                        None => format!("{}.ts", stem.to_uppercase()),
                    },
                    1 => format!("{stem}-renamed.ts"),
                    _ => format!("src/moved/{}.ts", stem.replace('/', "-")),
                };
                Self::Rename { from, to }
            }
            // Shifts what stands below, or changes nothing but when the file was written.
            2..=4 if !code.is_empty() => {
                let path = (*random.of(&code)).clone();
                let text = &sources[&path];
                let text = match random.below(4) {
                    0 => format!("\n{text}"),
                    1 => format!("// note {}\n{text}", random.below(10)),
                    2 => text.trim_start_matches('\n').to_owned(),
                    _ => text.clone(),
                };
                Self::Write { path, text }
            }
            // A number in some body is another one.
            5..=8 if !code.is_empty() => {
                let path = (*random.of(&code)).clone();
                let (old, new) = (random.below(10), random.below(10));
                let text = sources[&path].replacen(&format!("= {old};"), &format!("= {new};"), 1);
                Self::Write { path, text }
            }
            _ => {
                let (path, texts) = random.of(VARIANTS);
                let text = (*random.of(texts)).to_owned();
                Self::Write { path: (*path).to_owned(), text }
            }
        }
    }

    /// What makes the project what it was at first.
    pub fn mend(sources: &BTreeMap<String, String>) -> Vec<Self> {
        let known = |path: &&String| VARIANTS.iter().any(|(known, _)| known == path);
        let others = sources.keys().filter(|path| !known(path)).cloned();
        let others = others.map(|path| Self::Remove { path });
        let first = |(path, texts): &(&str, &[&str])| {
            let is_first = sources.get(*path).is_some_and(|text| text == texts[0]);
            let (path, text) = ((*path).to_owned(), texts[0].to_owned());
            (!is_first).then_some(Self::Write { path, text })
        };
        others.chain(VARIANTS.iter().filter_map(first)).collect()
    }

    /// `project` is a copy of it.
    pub fn spoil(random: &mut Random, project: &Path) -> Self {
        let mut outputs = Vec::new();
        collect(project, Path::new("dist"), &mut outputs);
        collect(project, Path::new("src/.kontract"), &mut outputs);
        let kept = ["cache.json", "state.bin", "facts.bin"];
        let kept = Path::new("node_modules/.kontract").join(random.of(&kept));
        let bytes = |path: &Path| fs::read(project.join(path)).unwrap_or_default();
        let output = random.of(&outputs).clone();
        match random.below(6) {
            0 => Self::Spoil { path: output, bytes: None },
            1 if !output.ends_with(".kontract-outputs.json") => {
                let mut text = bytes(&output);
                text.pop();
                text.push(b' ');
                Self::Spoil { path: output, bytes: Some(text) }
            }
            2 => Self::Spoil { path: "dist".into(), bytes: None },
            3 => Self::Spoil { path: kept, bytes: None },
            4 => {
                let mut text = bytes(&kept);
                text.truncate(random.below(text.len().max(1)));
                Self::Spoil { path: kept, bytes: Some(text) }
            }
            _ => {
                let mut text = bytes(&kept);
                let at = random.below(text.len().max(1));
                if let Some(byte) = text.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
                Self::Spoil { path: kept, bytes: Some(text) }
            }
        }
    }

    pub fn apply(&self, project: &Path, sources: &mut BTreeMap<String, String>) {
        match self {
            Self::Write { path, text } => {
                sources.insert(path.clone(), text.clone());
                write(&project.join(path), text.as_bytes());
            }
            Self::Remove { path } => {
                sources.remove(path);
                let _ = fs::remove_file(project.join(path));
            }
            Self::Rename { from, to } => {
                // An edit before this one may have removed it.
                let Some(text) = sources.remove(from) else { return };
                sources.insert(to.clone(), text);
                let to = project.join(to);
                let _ = fs::create_dir_all(to.parent().expect("it lies in the project"));
                let _ = fs::rename(project.join(from), to);
            }
            Self::Spoil { path, bytes } => {
                let path = project.join(path);
                match bytes {
                    Some(bytes) => write(&path, bytes),
                    None if path.is_dir() => fs::remove_dir_all(path).expect("it can be removed"),
                    None => drop(fs::remove_file(path)),
                }
            }
        }
    }

    /// What a watcher would tell of.
    pub fn paths(&self) -> Vec<PathBuf> {
        match self {
            Self::Write { path, .. } | Self::Remove { path } => vec![path.into()],
            Self::Rename { from, to } => vec![from.into(), to.into()],
            Self::Spoil { path, .. } => vec![path.clone()],
        }
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("it lies in the project")).expect("it is made");
    fs::write(path, bytes).expect("it is written");
}

fn collect(project: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(project.join(folder)).into_iter().flatten().flatten();
    for path in entries.map(|entry| folder.join(entry.file_name())) {
        if project.join(&path).is_dir() {
            collect(project, &path, found);
        } else {
            found.push(path);
        }
    }
    found.sort();
}

/// Files, each with texts that it may have; the first ones make a project without errors.
pub const VARIANTS: &[(&str, &[&str])] = &[
    (
        "kontract.toml",
        &[
            "[cookbook]\nout = \"docs/api\"\n",
            "",
            "[build]\nlazy = true\n",
            "[build]\noptimize = false\n[cookbook]\nout = \"docs/api\"\n",
            "[server]\nbase = \"/api/v1\"\n",
            "[build]\nlayz = true\n",
            "[build]\nclient = [\"src/web/**\"]\n[cookbook]\n",
        ],
    ),
    (
        "package.json",
        &[
            "{ \"name\": \"shop\", \"repository\": \"github:ada/shop\" }",
            "{ \"name\": \"store\", \"version\": \"2.0.0\" }",
        ],
    ),
    (
        "tsconfig.json",
        &[
            "{ \"compilerOptions\": { \"paths\": { \"@/*\": [\"./src/*\"] } } }",
            "{ \"compilerOptions\": { \"experimentalDecorators\": true, \"paths\": { \"@/*\": [\"./src/*\"] } } }",
            "{ \"compilerOptions\": { \"useDefineForClassFields\": false } }",
        ],
    ),
    (
        "src/types.ts",
        &[
            "import type { Primkey, Index } from 'kontract';\n/** Who buys. */\nexport interface User { id: Primkey<string>; name: string; age: number }\nexport enum Level { Low = 'low', High = 'high' }\nexport interface Order { id: Primkey<string>; user: string; total: number; level: Level }\n",
            "import type { Primkey, Index } from 'kontract';\nexport interface User { id: Primkey<string>; name: string; mail?: Index<string> }\nexport enum Level { Low = 'low', High = 'high', Top = 'top' }\nexport interface Order { id: Primkey<string>; user: string; total: number; level: Level }\n",
            "export type { User } from './people';\nexport enum Level { Low = 'low' }\nexport interface Order { id: string; user: string; total: number; level: Level }\n",
            "export interface User { id: string; name: string;\n",
        ],
    ),
    (
        "src/people.ts",
        &[
            "export interface User { id: string; name: string; nick: string }\nexport const LIMIT = 5;\n",
            "export interface Person { id: string; name: string }\nexport type User = Person;\nexport const LIMIT = 7;\n",
            "export class User { id = ''; name = ''; greet() { const n = 3; return n; } }\n",
        ],
    ),
    (
        "src/library.ts",
        &[
            "export function twice(n: number): number { const factor = 2; return n * factor; }\nexport const shout = (text: string): string => { const mark = 1; return text + mark; };\n",
            "import { LIMIT } from './people';\nexport function twice(n: number) { const factor = 4; return Math.min(n * factor, LIMIT); }\nexport const shout = (text: string): string => text;\n",
            "export function twice(n: number): number { return n }}\n",
        ],
    ),
    (
        "src/data.json",
        &[
            "{ \"currency\": \"EUR\", \"rates\": [1, 2] }",
            "{ \"currency\": \"USD\" }",
            "{ \"currency\": ",
        ],
    ),
    (
        "src/api/users.ts",
        &[
            "import { backend, perms } from 'kontract';\nimport type { User } from '../types';\nimport { twice } from '@/library';\n/** Finds one. */\nexport const getUser = backend({ perm: perms.R__, egroup: 'api' }, async (id: string): Promise<User | null> => {\n  const n = 1;\n  console.info('asked for', twice(n));\n  return await env.storage.users.get(id);\n});\nexport const addUser = backend({ perm: perms.RW_, egroup: 'api' }, async (user: User): Promise<void> => {\n  const n = 2;\n  await env.storage.users.set(user.id, user);\n});\n",
            "import type { User } from '../types';\nimport { twice, shout } from '../library';\n\n@backend({ perm: perms.RWX })\nexport async function getUser(id: string): Promise<User | null> {\n  const n = 3;\n  shout(String(twice(n)));\n  return await env.storage.users.get(id);\n}\n\n/// How many there are.\n@backend({ egroup: 'stats', perm: perms.R__ })\nexport async function countUsers(): Promise<number> { const n = 0; return n; }\n",
            "@backend({ perm: perms.R__, egroup: 'api' })\nexport async function getUser(id: string): Promise<string> { const n = 9; return id + n + 'only the server knows'; }\n",
            "@backend({ perm: perms.R__ })\nexport async function getUser(id: string) Promise<string> { return id; }\n",
        ],
    ),
    (
        "src/api/orders.ts",
        &[
            "import { backend, perms } from 'kontract';\nimport type { Order } from '../types';\nimport { Level } from '../types';\nimport data from '../data.json';\nexport const listOrders = backend({ perm: perms.R__, egroup: 'shop' }, async (limit: number = 20): Promise<Order[]> => {\n  const n = 4;\n  console.info(data.currency, Level.Low, n);\n  return (await env.storage.orders.query({ user: ctx.owner })).slice(0, limit);\n});\nexport const CURRENCIES = ['EUR', 'USD'] as const;\n",
            "import { getUser } from './users';\n@backend({ perm: perms.R__ })\nexport async function listOrders(): Promise<string[]> { const n = 6; const user = await getUser('a'); return [String(n), JSON.stringify(user)]; }\n",
            "import { backend, perms } from 'kontract';\nexport const listOrders = backend({ perm: perms.R__, egroup: 'shop' }, async (least: number): Promise<number> => {\n  const n = 5;\n  const rows = await env.storage.orders.exec('SELECT id FROM orders WHERE total > $1', [least]);\n  return rows.length + n;\n});\nexport class Carts {\n  @backend({ perm: perms.RW_ })\n  static async clear(id: string): Promise<boolean> { const n = 8; await env.storage[id].get('a'); return n > 1; }\n}\n",
            "export const getUser = backend({}, async (): Promise<number> => { const n = 2; return n; });\n",
        ],
    ),
    (
        "src/middleware.ts",
        &[
            "import { defineMiddleware, mwfilter } from 'kontract';\nexport default defineMiddleware([\n  async (ctx, next) => { const start = 1; await next(); console.info(ctx.route.name, start); },\n  mwfilter({ egroup: 'api' }, async (ctx, next) => { const n = 1; if (n > 2) throw new Error('no'); await next(); }),\n]);\n",
            "import { defineMiddleware } from 'kontract';\nimport { twice } from './library';\nconst audit = async (ctx: unknown, next: () => Promise<void>) => { const n = 1; twice(n); await next(); };\nexport default defineMiddleware([audit]);\n",
            "import { defineMiddleware } from 'kontract';\nexport default defineMiddleware([]);\n",
            "import { defineMiddleware, mwfilter } from 'kontract';\nexport default defineMiddleware([mwfilter({ egroup: 'nobody' }, async (ctx, next) => { await next(); })]);\n",
        ],
    ),
    (
        "src/web/page.ts",
        &[
            "import { getUser } from '../api/users';\nimport { twice } from '../library';\nexport async function show(id: string) { const n = 2; return [await getUser(id), twice(n)]; }\n",
            "import { api } from '@/client';\nexport const page = () => api;\n",
            "import { Level } from '../types';\nexport const level = Level.Low;\n",
        ],
    ),
    (
        "src/lint.ts",
        &[
            "export const unused = 1;\n",
            "// kontract-allow K270\nexport const unused = 2;\n",
            "import { backend } from 'kontract';\n// kontract-allow K111, K270: it is a test\nexport const loose = backend({}, async (value: unknown): Promise<void> => { const n = 1; void value; });\n",
            "import { missing } from './nowhere';\nexport const found = missing;\n",
        ],
    ),
    (".gitignore", &["node_modules\n", "node_modules\nsrc/lint.ts\n", "dist\nsrc/people.ts\n"]),
];
