use std::{collections::BTreeMap, fmt::Write as _, path::Path, sync::Arc};

use super::{
    Answers, Failure, Hint, Installed, Program, Project, Question, Refusal, RefusalKind,
    TypeScript, answers, not_asked, refused, request::Request,
};
use crate::{
    config::Options,
    diagnostic::testing::{shown, snapshots},
    files::{Files, Memory},
    model::{
        SourcePath, Span,
        app::{Modules, Registry},
        contract::TypeDeclarationKind,
        types::{MemberKind, TypeExpr},
    },
    pipeline::{
        Texts,
        extract::{Hints, extract},
        names::Layout,
    },
    text::types::Printer,
};

const SOURCE: &str = "/* größer als 😀 */
import type { Int32, Int64 } from 'kontract';
export interface User {
  @primkey id: string;
  /** Shown in lists. */
  name: string;
  @perm(perms._W_, /* 😀 */) password: string;
  age: Int32 | null;
  nested: { deep: Int64 };
}
";

/// A program of one module, asked one question.
struct Asked {
    options: Options,
    layout: Layout,
    files: Memory,
    modules: Modules,
    texts: Texts,
    questions: BTreeMap<Question, Hint>,
}

fn asked(source: &str) -> Asked {
    let file = SourcePath::new("src/types.ts");
    let files = Memory::unix([("/app/src/types.ts", source)]);
    let options = Options::defaults(Path::new("/app"));
    let (contract, diagnostics) = extract(&file, source, Hints::default());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let question = Question { file: file.clone(), text: "Asked".to_owned(), bindings: Vec::new() };
    let hint = Hint { name: "Name".to_owned(), declared: false, span: Span::new(3, 4) };
    Asked {
        layout: Layout::new(&options),
        options,
        files,
        modules: Modules::from([(file.clone(), contract.into())]),
        texts: BTreeMap::from([(file, source.into())]),
        questions: BTreeMap::from([(question, hint)]),
    }
}

impl Asked {
    fn installed(&self) -> Installed<'_> {
        let Self { options, layout, files, texts, .. } = self;
        Installed { files, options, layout, texts }
    }

    fn request(&self) -> serde_json::Value {
        let installed = self.installed();
        let project = &Project { installed: &installed, modules: &self.modules };
        let program = Program { modules: &self.modules, registry: &Registry::default };
        let request = Request::new(project, &program, &self.questions);
        serde_json::to_value(request).expect("JSON")
    }

    fn read(&self, response: &str) -> Result<Answers, Failure> {
        let installed = self.installed();
        let project = &Project { installed: &installed, modules: &self.modules };
        let program = Program { modules: &self.modules, registry: &Registry::default };
        let request = Request::new(project, &program, &self.questions);
        answers::read(project, &request, &self.questions, response)
    }

    /// The answer `text` as the compiler has it then.
    fn answer(&self, text: &str) -> Option<TypeExpr> {
        let response = serde_json::json!({ "answers": [{ "text": text }] });
        let answers = self.read(&response.to_string()).ok()?;
        let question = self.questions.keys().next()?;
        answers.get(question)?.ok().cloned()
    }
}

fn printed(ty: &TypeExpr) -> String {
    Printer { specifier: &str::to_owned }.ty(ty)
}

/// With the ranges of numbers, which TypeScript has no words for.
fn told(ty: &TypeExpr) -> String {
    let mut text = printed(ty);
    ty.walk(&mut |ty| {
        if let TypeExpr::Scalar { scalar, .. } = ty {
            let _ = write!(text, " {scalar:?}");
        }
    });
    text
}

#[test]
fn an_answer_is_read_as_types_of_the_compiler() {
    let asked = asked(SOURCE);
    for (text, expected) in [
        ("string | null", "string | null"),
        (
            r#"{ "a"?: Array<string>; "b c": readonly [1, (number)?] }"#,
            r#"{ a?: string[]; "b c": readonly [1, number?] }"#,
        ),
        (r#"import("kontract:src/types.ts").User"#, r#"import("kontract:src/types.ts").User"#),
        (r#"import("kontract").Secret<string>"#, r#"import("kontract").Secret<string>"#),
        // What the file itself calls so is not meant.
        ("Map<string, Date>", r#"import("kontract:").Map<string, import("kontract:").Date>"#),
        ("{ [key: string]: -1n }", "{ [key: string]: -1n }"),
    ] {
        assert_eq!(asked.answer(text).as_ref().map(printed).as_deref(), Some(expected));
    }
}

#[test]
fn nothing_but_the_forms_of_answers_is_read() {
    let asked = asked(SOURCE);
    for text in [
        "",
        "string; type B = number",
        "string }",
        "typeof process",
        "keyof User",
        "User extends string ? 1 : 2",
        "() => void",
        "{ method(): void }",
        "`a${string}`",
        "import('fs').Stats",
        "import('./types').User",
        r#"import("kontract:src/other.ts").User"#,
        r#"import("kontract:../../etc/passwd").User"#,
        r#"import("kontract:src/types.ts")"#,
        "ns.User",
        "User['id']",
        "{ [K in string]: K }",
        "infer T",
        "@primkey string",
        "string\u{0000}",
    ] {
        assert_eq!(asked.answer(text), None, "{text}");
    }
    let deep = format!("{}string{}", "Array<".repeat(10_000), ">".repeat(10_000));
    assert_eq!(asked.answer(&deep), None);
}

#[test]
fn a_response_that_is_no_answer_is_a_failure() {
    let asked = asked(SOURCE);
    for response in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"answers":[]}"#,
        r#"{"answers":[null]}"#,
        r#"{"answers":[{}]}"#,
        r#"{"answers":[{"refusal":{"kind":"other","what":"","path":""}}]}"#,
        r#"{"answers":[{"text":"string"}],"helpers":{"/app/src/types.ts":[{"name":"A = 1; type B","text":"2"}]}}"#,
    ] {
        assert!(matches!(asked.read(response), Err(Failure::Broken(_))), "{response}");
    }
    assert_eq!(asked.read(r#"{"missing":true}"#).err(), Some(Failure::Missing));
    let old = asked.read(r#"{"version":"4.9.5","unsupported":true}"#).err();
    assert_eq!(old, Some(Failure::TooOld("4.9.5".to_owned())));
}

#[test]
fn fields_keep_what_their_declarations_say() {
    let asked = asked(SOURCE);
    // Where TypeScript finds the fields in what it reads: annotations are blank there.
    let request = asked.request();
    let text = request["modules"]["/app/src/types.ts"]["text"].as_str().expect("annotated");
    let place = |name: &str| {
        let at = text.find(name).expect("declared");
        text[..at].encode_utf16().count()
    };
    let field = |name: &str, ty: &str| {
        format!("/** kontract:{} src/types.ts */ \"{name}\"?: {ty}", place(&format!("{name}: ")))
    };
    let answer = format!(
        "{{\n{};\n{};\n{};\n{};\n{};\n/** kontract:1 src/types.ts */ \"other\": string\n}}",
        field("id", "string"),
        field("name", "string"),
        field("password", "string"),
        field("age", "number | null"),
        field("deep", "number"),
    );
    let Some(TypeExpr::Object(members)) = asked.answer(&answer) else { panic!("{answer}") };
    let said: Vec<String> = members
        .iter()
        .map(|member| match &member.kind {
            MemberKind::Property { key, optional, ty, storage, .. } => format!(
                "{key:?} {optional} {} {} {:?} {:?} {:?}",
                told(ty),
                storage.primary_key,
                storage.perm,
                storage.scalar,
                member.docs
            ),
            _ => panic!("{member:?}"),
        })
        .collect();
    assert_eq!(
        said,
        [
            r#"Name("id") true string true None None None"#,
            r#"Name("name") true string false None None Some("Shown in lists.")"#,
            r#"Name("password") true string false Some(2) None None"#,
            r#"Name("age") true number | null Int32 false None None None"#,
            r#"Name("deep") true number Int64 false None None None"#,
            r#"Name("other") false string false None None None"#,
        ]
    );
}

#[test]
fn helpers_come_with_the_answers() {
    let asked = asked(SOURCE);
    let tree = r#"import(\"kontract:src/types.ts\").Tree"#;
    let response = format!(
        r#"{{"answers":[{{"text":"{tree}"}}],
            "helpers":{{"/app/src/types.ts":[{{"name":"Tree","text":"{{ \"sub\": Array<{tree}> }}"}}]}}}}"#
    );
    let answers = asked.read(&response).expect("an answer");
    let helper = answers.helper(&SourcePath::new("src/types.ts"), "Tree").expect("a helper");
    let TypeDeclarationKind::Alias(ty) = &helper.kind else { panic!("{helper:?}") };
    assert_eq!(printed(ty), r#"{ sub: import("kontract:src/types.ts").Tree[] }"#);
}

#[test]
fn a_request_names_declarations_and_taken_names() {
    let source = "import { a } from './a';
export interface Kept {}
interface Own {}
export type Computed = Kept extends Own ? 1 : 2;
export enum Color { Red }
const value = 1;
";
    let request = asked(source).request();
    let module = &request["modules"]["/app/src/types.ts"];
    assert_eq!(module["keep"], serde_json::json!(["Kept"]));
    assert_eq!(module["own"], serde_json::json!(["Kept", "Own"]));
    assert_eq!(
        module["taken"],
        serde_json::json!(["Color", "Computed", "Kept", "Own", "a", "value"])
    );
    assert_eq!(module.get("text"), None);
}

#[test]
fn files_in_memory_are_not_asked_about() {
    let asked = asked(SOURCE);
    let program = Program { modules: &asked.modules, registry: &Registry::default };
    let found = asked.installed().ask(&program, &asked.questions);
    assert_eq!(found.err(), Some(Failure::NoDisk));
}

#[test]
fn diagnostics() {
    let files: Arc<dyn Files> = Arc::new(Memory::unix([(
        "/app/src/a.ts",
        "export const f = backend({}, async (user: z.infer<typeof schema>) => {});\n",
    )]));
    let file = SourcePath::new("src/a.ts");
    let span = Span::new(36, 64);
    let mut found = Vec::new();
    for failure in [
        Failure::Missing,
        Failure::TooOld("4.9.5".to_owned()),
        Failure::NoNode("No such file or directory".to_owned()),
        Failure::TimedOut,
        Failure::Broken("TypeError: x is not a function".to_owned()),
        Failure::NoDisk,
    ] {
        found.push(not_asked(&file, span, "`z.infer<typeof schema>`", &failure));
    }
    for (kind, what, path, complaint) in [
        (RefusalKind::Unresolved, "z.infer", "", Some("Cannot find module 'zod'.")),
        (RefusalKind::Unresolved, "any", ".user", None),
        (RefusalKind::Unsupported, "function", ".author.validate", None),
        (RefusalKind::Unsupported, "object", "", None),
        (RefusalKind::Pattern, "`a${string}`", ".id", None),
        (RefusalKind::Generic, "T", "", None),
        (RefusalKind::Deep, "64 levels", "", None),
        (RefusalKind::Large, "20000 types", "", None),
    ] {
        let refusal = Refusal {
            kind,
            what: what.to_owned(),
            path: path.to_owned(),
            complaint: complaint.map(str::to_owned),
        };
        found.push(refused(&file, span, "this conditional type", &refusal));
    }
    let shown = shown(&*files, "/app", found);
    snapshots("typescript").bind(|| insta::assert_snapshot!("diagnostics", shown));
}
