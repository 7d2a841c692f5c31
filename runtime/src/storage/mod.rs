//! Tables on PostgreSQL and the state that calls share.

mod connection;
mod database;
mod fault;
mod param;
mod tls;

pub use database::Database;
pub use fault::Fault;
pub use param::Param;
