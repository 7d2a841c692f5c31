//! What an operator does in a database beside migrations: accounts, tenants, rows in and out.

pub mod access;
pub mod diagnostics;
pub mod rows;
pub mod tenants;
pub mod users;
