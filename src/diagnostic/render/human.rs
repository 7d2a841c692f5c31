//! Diagnostics for people.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan};

use super::{
    Source,
    view::{CONTEXT_LINES, View, printable},
};
use crate::model::{
    SourcePath, Span,
    diagnostic::{Diagnostic, Severity},
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    pub color: bool,
    /// In characters.
    pub width: usize,
}

pub(super) fn render<'s>(
    diagnostic: &Diagnostic,
    source: impl Fn(&SourcePath) -> Option<&'s Source>,
    style: Style,
) -> String {
    let mut related = Vec::new();
    let mut spans: Vec<(Span, String)> = Vec::new();
    if let Some(span) = diagnostic.span {
        spans.push((span, clean(&diagnostic.label)));
    }
    for place in &diagnostic.related {
        if place.file == diagnostic.file && diagnostic.span.is_some() {
            spans.push((place.span, clean(&place.message)));
            continue;
        }
        related.push(Report::new(
            miette::Severity::Advice,
            &place.message,
            &place.file,
            source(&place.file),
            // The empty span at the beginning stands for the whole file.
            if place.span == Span::default() {
                Vec::new()
            } else {
                vec![(place.span, String::new())]
            },
        ));
    }
    let severity = match diagnostic.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
    };
    let file = &diagnostic.file;
    let mut report = Report::new(severity, &diagnostic.message, file, source(file), spans);
    report.code = Some(diagnostic.code.clone());
    report.help = diagnostic.help.as_deref().map(clean);
    report.related = related;

    let theme =
        if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_context_lines(CONTEXT_LINES)
        .without_syntax_highlighting()
        .with_show_related_as_nested(true)
        .with_links(false);
    let mut text = String::new();
    // Writing to a string cannot fail; a label that cannot be shown leaves the message.
    if handler.render_report(&mut text, &report).is_err() {
        text = format!("{} {file}: {report}\n", diagnostic.code);
    }
    text.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

/// A diagnostic as miette takes it.
#[derive(Debug)]
struct Report {
    severity: miette::Severity,
    code: Option<String>,
    message: String,
    help: Option<String>,
    view: Option<View>,
    labels: Vec<LabeledSpan>,
    related: Vec<Report>,
}

impl Report {
    fn new(
        severity: miette::Severity,
        message: &str,
        file: &SourcePath,
        source: Option<&Source>,
        spans: Vec<(Span, String)>,
    ) -> Self {
        let mut report = Self {
            severity,
            code: None,
            message: clean(message),
            help: None,
            view: None,
            labels: Vec::new(),
            related: Vec::new(),
        };
        let name = clean_line(file.as_str());
        match source {
            Some(source) if !spans.is_empty() => {
                let places: Vec<Span> = spans.iter().map(|(span, _)| *span).collect();
                let view = View::new(&name, source, &places);
                report.labels = view
                    .ranges()
                    .zip(spans)
                    .enumerate()
                    .map(|(at, (range, (_, label)))| {
                        let label = (!label.is_empty()).then_some(label);
                        if at == 0 {
                            LabeledSpan::new_primary_with_span(label, range)
                        } else {
                            LabeledSpan::new_with_span(label, range)
                        }
                    })
                    .collect();
                report.view = Some(view);
            }
            _ if !name.is_empty() => report.message = format!("{name}: {}", report.message),
            _ => {}
        }
        report
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.view.as_ref().map(|view| view as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        Some(Box::new(self.related.iter().map(|report| report as &dyn miette::Diagnostic)))
    }
}

/// Messages quote names and texts of the user: nothing in them may control the terminal.
fn clean(text: &str) -> String {
    text.chars()
        .map(|character| if character == '\n' { '\n' } else { printable(character) })
        .collect()
}

fn clean_line(text: &str) -> String {
    text.chars().map(printable).collect()
}
