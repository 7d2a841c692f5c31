//! Broken sources, made from whole ones.

/// Splitmix64: the same numbers for the same seed, on every machine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}

/// Changes `text` in one place, sometimes in up to four; `other` is what it may be spliced with.
pub fn mutate(random: &mut Random, text: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    let more = if random.below(4) == 0 { random.below(4) } else { 0 };
    for _ in 0..=more {
        bytes = match (random.below(5), std::str::from_utf8(&bytes)) {
            (0, _) | (_, Err(_)) => of_bytes(random, bytes),
            (_, Ok(text)) => of_tokens(random, text, &String::from_utf8_lossy(other)).into_bytes(),
        };
    }
    bytes
}

fn of_bytes(random: &mut Random, mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.is_empty() {
        return vec![random.next().to_le_bytes()[0]];
    }
    let at = random.below(bytes.len());
    match random.below(6) {
        0 => bytes[at] = random.next().to_le_bytes()[0],
        1 => drop(bytes.remove(at)),
        2 => bytes.insert(at, random.next().to_le_bytes()[0]),
        3 => bytes.truncate(at),
        4 => bytes[at] ^= 1 << random.below(8),
        _ => {
            let end = at + random.below(bytes.len() - at + 1).min(200);
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
    }
    bytes
}

fn of_tokens(random: &mut Random, text: &str, other: &str) -> String {
    let mut tokens = tokens(text);
    if tokens.is_empty() {
        return random.pick(WORDS).to_owned();
    }
    let at = random.below(tokens.len());
    match random.below(10) {
        0 => drop(tokens.remove(at)),
        1 => tokens.insert(at, tokens[at]),
        2 => {
            let with = random.below(tokens.len());
            tokens.swap(at, with);
        }
        3 => tokens[at] = random.pick(WORDS),
        4 | 5 => tokens.insert(at, random.pick(WORDS)),
        6 => {
            let end = at + random.below((tokens.len() - at).min(40) + 1);
            drop(tokens.drain(at..end));
        }
        7 => {
            let end = at + random.below((tokens.len() - at).min(40) + 1);
            let part = tokens[at..end].to_vec();
            let to = random.below(tokens.len());
            tokens.splice(to..to, part);
        }
        8 => {
            let theirs = self::tokens(other);
            if !theirs.is_empty() {
                let from = random.below(theirs.len());
                let end = from + random.below((theirs.len() - from).min(60) + 1);
                tokens.splice(at..at, theirs[from..end].to_vec());
            }
        }
        _ => {
            let (open, close) = BRACKETS[random.below(BRACKETS.len())];
            let end = at + random.below((tokens.len() - at).min(30) + 1);
            tokens.insert(end, close);
            tokens.insert(at, open);
        }
    }
    tokens.concat()
}

/// Words, runs of white space, and every other character by itself.
fn tokens(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' || c == '$' => 1,
        c if c.is_whitespace() => 2,
        _ => 0,
    };
    let mut tokens = Vec::new();
    let mut from = 0;
    let mut last = 0;
    for (at, c) in text.char_indices() {
        let class = class(c);
        if at > from && (class == 0 || class != last) {
            tokens.push(&text[from..at]);
            from = at;
        }
        last = class;
    }
    if from < text.len() {
        tokens.push(&text[from..]);
    }
    tokens
}

const BRACKETS: &[(&str, &str)] = &[
    ("(", ")"),
    ("[", "]"),
    ("{", "}"),
    ("`${", "}`"),
    ("<", ">"),
    ("/*", "*/"),
    ("'", "'"),
    ("backend({}, ", ")"),
    ("@backend(", ") "),
    ("(() => {", "})"),
    ("namespace N {", "}"),
    ("class {", "}"),
    ("<div>{", "}</div>"),
];

const WORDS: &[&str] = &[
    "@",
    "@backend ",
    "@backend() ",
    "@backend({ perm: perms.RWX, egroup: 'g' }) ",
    "@backend(perm=perms.RW_) ",
    "@backend(",
    "@mwfilter({ endpoints: ['x'] }) ",
    "@primkey ",
    "@perm(perms.R__) ",
    "@int32 ",
    "@owned ",
    "@table('x') ",
    "@index ",
    "@decorator ",
    "backend(",
    "backend",
    "mwfilter",
    "defineMiddleware([",
    "ctx",
    "ctx.perm",
    "env.storage.users",
    "env",
    "perms.RW_",
    "perms",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    "`",
    "${",
    "'",
    "\"",
    "/",
    "//",
    "/*",
    "*/",
    "\\",
    "\\u{1F600}",
    ";",
    ",",
    ":",
    "?",
    "?.",
    "!",
    "...",
    "=>",
    "=",
    "==",
    "|",
    "&",
    "+",
    "-",
    "*",
    "**",
    "#",
    "#x",
    "#!",
    "<!--",
    "-->",
    "0",
    "1n",
    "0x",
    "1e999",
    "9007199254740993",
    "''",
    "null",
    "undefined",
    "this",
    "super",
    "new ",
    "static ",
    "get ",
    "set ",
    "async ",
    "await ",
    "yield ",
    "export ",
    "export default ",
    "export * from ",
    "import ",
    "import type ",
    "import(",
    "import.meta",
    "from './x'",
    "from 'kontract'",
    "require(",
    "declare ",
    "abstract ",
    "enum ",
    "const enum E {",
    "namespace ",
    "module ",
    "type ",
    "interface ",
    "class ",
    "extends ",
    "implements ",
    "function ",
    "function* ",
    "const ",
    "let ",
    "var ",
    "using ",
    "await using ",
    "accessor ",
    "readonly ",
    "public ",
    "private ",
    "protected ",
    "override ",
    "satisfies ",
    "as ",
    "as const",
    "is ",
    "asserts ",
    "keyof ",
    "typeof ",
    "unique symbol",
    "infer ",
    "in ",
    "of ",
    "for (",
    "if (",
    "else ",
    "while (",
    "do ",
    "switch (",
    "case ",
    "default: ",
    "return ",
    "throw ",
    "try {",
    "catch ",
    "finally {",
    "break ",
    "label: ",
    "delete ",
    "void ",
    "debugger;",
    "with (",
    "arguments",
    "eval",
    "constructor(",
    "__proto__",
    "__kontract_rpc",
    "__chain_0",
    "api",
    "default",
    "Promise<",
    "HttpResp<",
    "AsyncIterable<",
    "Primkey<",
    "Perm<",
    "Record<",
    "Map<",
    "string",
    "number",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\u{0}",
    "\u{1}",
    "\u{7f}",
    "\u{a0}",
    "\u{2028}",
    "\u{2029}",
    "\u{200b}",
    "\u{feff}",
    "é",
    "𝒳",
    "😀",
    "\u{301}",
    "\u{202e}",
];
