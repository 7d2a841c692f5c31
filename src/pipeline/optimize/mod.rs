//! Server code without what is known when it is built.
//!
//! Input:
//! ```js
//! export async function purge() {
//!   const canWrite = 4 & 2; // `ctx.perm & 0b010`
//!   if (canWrite) await deleteOperation();
//! }
//! ```
//! Output:
//! ```js
//! export async function purge() {}
//! ```
//! Names stay, of functions and classes too, and statements stay statements: stacks, maps and
//! breakpoints mean what they did. What could be seen from outside is left alone: getters, lengths of
//! functions, assignments to constants, globals that an application replaced.

mod keep;
mod names;

use swc_common::{sync::Lrc, util::take::Take};
use swc_ecma_ast::EsVersion;
use swc_ecma_minifier::option::{
    CompressOptions, ExtraOptions, MinifyOptions, PureGetterOption, TopLevelOptions,
};

use super::lower::{scope::resolve, server::Lowered};
use crate::{
    config::Passes,
    model::{SourcePath, diagnostic::Diagnostic},
    source::{is_deeper, quietly},
};

/// The module as it was, where the optimizer fails on it or it nests too deeply for it.
pub fn optimize(file: &SourcePath, lowered: &mut Lowered, passes: Passes) -> Option<Diagnostic> {
    if is_deeper(&lowered.program, MAX_DEPTH) {
        return None;
    }
    let before = lowered.program.clone();
    let failed = quietly(|| minify(lowered, passes)).is_err();
    if failed {
        lowered.program = before;
    }
    failed.then(|| not_optimized(file))
}

#[cold]
fn not_optimized(file: &SourcePath) -> Diagnostic {
    Diagnostic::warning("K083", file, None, "the optimizer failed on this module")
        .help("it is left as it is; this is a bug in kontract, please report it")
}

fn minify(lowered: &mut Lowered, passes: Passes) {
    let (unresolved_mark, top_level_mark) = resolve(&mut lowered.program);
    keep::plant(&mut lowered.program);
    let options = MinifyOptions {
        compress: Some(compress(passes, lowered)),
        mangle: None,
        ..MinifyOptions::default()
    };
    let extra = ExtraOptions { unresolved_mark, top_level_mark, mangle_name_cache: None };
    lowered.program = swc_ecma_minifier::optimize(
        lowered.program.take(),
        Lrc::clone(&lowered.sources),
        Some(&lowered.comments),
        None,
        &options,
        &extra,
    );
    keep::harvest(&mut lowered.program);
    names::settle(&mut lowered.program, top_level_mark);
}

fn compress(passes: Passes, lowered: &Lowered) -> CompressOptions {
    let Passes { dead_code, fold, inline, variables, simplify, passes } = passes;
    CompressOptions {
        dead_code,
        unused: dead_code,
        side_effects: dead_code,
        evaluate: fold,
        typeofs: fold,
        inline: if inline { 3 } else { 0 },
        reduce_fns: inline,
        reduce_vars: variables,
        props: simplify,
        computed_props: simplify,
        comparisons: false,
        passes,
        ecma: EsVersion::Es2022,
        module: false,
        top_level: Some(TopLevelOptions { functions: true }),
        top_retain: lowered.kept.iter().map(|name| name.as_str().into()).collect(),
        keep_classnames: true,
        keep_fargs: true,
        keep_fnames: true,
        keep_infinity: true,
        pure_getters: PureGetterOption::Bool(false),
        arguments: false,
        arrows: false,
        bools: false,
        collapse_vars: false,
        conditionals: false,
        const_to_let: false,
        directives: false,
        drop_debugger: false,
        hoist_props: false,
        if_return: false,
        join_vars: false,
        loops: false,
        merge_imports: false,
        negate_iife: false,
        pristine_globals: false,
        sequences: 0,
        // It forgets what a `default` falls through to.
        switches: false,
        ..CompressOptions::default()
    }
}

/// The minifier takes a time that grows with the square of the depth. Written by hand, code stays
/// below 100.
const MAX_DEPTH: usize = 400;

#[cfg(test)]
mod tests {
    use swc_common::{DUMMY_SP, GLOBALS, Globals};
    use swc_ecma_ast::{Module, Program};

    use super::*;
    use crate::source;

    fn lowered(text: &str, kept: &str) -> Lowered {
        let body = source::generated(text);
        Lowered {
            program: Program::Module(Module { span: DUMMY_SP, body, shebang: None }),
            comments: <_>::default(),
            sources: <_>::default(),
            tail: String::new(),
            kept: vec![kept.to_owned()],
            inlined: Vec::new(),
        }
    }

    #[test]
    fn a_module_on_which_the_minifier_panics_stays_as_it_is() {
        GLOBALS.set(&Globals::new(), || {
            // It asserts that no name is empty.
            let mut module = lowered("const a = 1 + 1; f(a);", "");
            let before = module.program.clone();
            let found = optimize(&SourcePath::new("src/a.ts"), &mut module, Passes::default());
            assert_eq!(found.map(|d| d.code), Some("K083".to_owned()));
            assert_eq!(module.program, before);
        });
    }

    #[test]
    fn a_module_that_nests_deeply_stays_as_it_is() {
        GLOBALS.set(&Globals::new(), || {
            let mut module = lowered(&format!("f({}1);", "1 + ".repeat(MAX_DEPTH)), "f");
            let before = module.program.clone();
            let found = optimize(&SourcePath::new("src/a.ts"), &mut module, Passes::default());
            assert!(found.is_none());
            assert_eq!(module.program, before);
        });
    }
}
