//! What a stage has to say about the user's source. Each kind has one constructor in
//! `crate::diagnostic`; this is only the shape.

use serde::{Deserialize, Serialize};

use super::{SourcePath, Span};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Diagnostic {
    pub severity: Severity,
    /// Stable: `K0xx`.
    pub code: String,
    pub message: String,
    pub file: SourcePath,
    /// None where the whole file is meant (it cannot be read, say).
    pub span: Option<Span>,
    /// What is wrong at `span`, in a few words; may be empty.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
    pub related: Vec<Related>,
}

/// A second place that belongs to the diagnostic.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Related {
    pub file: SourcePath,
    pub span: Span,
    pub message: String,
}

impl Diagnostic {
    pub fn error(
        code: &str,
        file: &SourcePath,
        span: Option<Span>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Error, code, file, span, message.into())
    }

    pub fn warning(
        code: &str,
        file: &SourcePath,
        span: Option<Span>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Warning, code, file, span, message.into())
    }

    fn new(
        severity: Severity,
        code: &str,
        file: &SourcePath,
        span: Option<Span>,
        message: String,
    ) -> Self {
        Self {
            severity,
            code: code.to_owned(),
            message,
            file: file.clone(),
            span,
            label: String::new(),
            help: None,
            related: Vec::new(),
        }
    }

    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn related(mut self, file: &SourcePath, span: Span, message: impl Into<String>) -> Self {
        self.related.push(Related { file: file.clone(), span, message: message.into() });
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
