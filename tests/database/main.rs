//! The database as calls and migrations meet it: a real PostgreSQL, no gateway.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::needless_pass_by_value, reason = "rows are written where they are passed")]

#[path = "../support/mutation.rs"]
mod mutation;
#[path = "../support/postgres.rs"]
mod postgres;

mod application;
mod call;
mod collecting;
mod command;
mod chain;
mod concurrency;
mod doctor;
mod exec;
mod histories;
mod isolation;
mod journey;
mod kills;
mod migrations;
mod mistakes;
mod operators;
mod pooler;
mod privileges;
mod project;
mod queues;
mod replays;
mod rows;
mod specification;
mod tenants;
mod users;
