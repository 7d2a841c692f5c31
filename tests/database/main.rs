//! The database as calls and migrations meet it: a real PostgreSQL, no gateway.

#[path = "../support/postgres.rs"]
mod postgres;

mod application;
mod call;
mod command;
mod concurrency;
mod isolation;
mod migrations;
mod privileges;
mod rows;
mod specification;
