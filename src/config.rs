//! `kontract.toml` and flags → `Options`.
