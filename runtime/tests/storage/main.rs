//! A call's transaction on a real PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::large_futures, reason = "a test is one future, and runs once")]

mod outages;
#[path = "../../../tests/support/postgres.rs"]
mod postgres;
mod queries;
mod rules;
#[path = "../support/schema.rs"]
mod schema;
mod transactions;
mod world;
