//! Types that only TypeScript itself can decide: conditional types, `typeof`, `ReturnType`,
//! what a schema library infers.

use crate::model::{SourcePath, types::TypeExpr};

/// What the project's own `typescript` said of types, asked beforehand.
pub trait Fallback {
    /// What `ty` comes to, in terms of the types that this compiler reads. `ty` is written in
    /// `file`, its type parameters replaced.
    fn resolve(&self, file: &SourcePath, ty: &TypeExpr) -> Option<&TypeExpr>;
}

/// Nobody was asked.
pub struct Nothing;

impl Fallback for Nothing {
    fn resolve(&self, _: &SourcePath, _: &TypeExpr) -> Option<&TypeExpr> {
        None
    }
}
