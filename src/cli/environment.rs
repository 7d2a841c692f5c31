//! The variables that commands read.

use std::{env, path::PathBuf};

use kontract_runtime::config::Secret;

use crate::dev::session::Environment;

/// Empty variables are none.
pub fn read() -> Environment {
    let variable = |name| env::var(name).ok().filter(|value| !value.is_empty()).map(Secret::new);
    Environment {
        database: variable("DATABASE_URL"),
        migrate: variable("KONTRACT_MIGRATE_URL"),
        secret: variable("KONTRACT_SECRET"),
        static_key: variable("KONTRACT_STATIC_KEY"),
        package: env::var_os("KONTRACT_POSTGRES").map(PathBuf::from),
        path: env::var_os("PATH").unwrap_or_default(),
    }
}
