//! Tables on PostgreSQL and the state that calls share.

mod bind;
mod bind_shared;
mod buffer;
mod call;
mod commit;
mod connection;
mod database;
mod exec;
mod fault;
mod filter;
mod load;
mod log;
mod order;
mod param;
mod query;
mod retry;
mod shared;
mod storable;
mod store;
mod tables;
mod tls;

pub use bind::install;
pub use call::{Answer, CallStorage, Row};
pub use commit::CommitError;
pub use database::Database;
pub use fault::Fault;
pub use param::Param;
pub use query::Query;
pub use retry::{Queues, Retry};
pub use shared::Shared;
pub use store::Store;
pub use tables::{Table, Tables};
pub use tls::Target;
