//! The catalogue of diagnostics.
