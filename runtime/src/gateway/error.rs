//! Why a gateway does not start.

use std::{fmt, io, net::SocketAddr, path::PathBuf};

/// What stands in the way, in words for whoever started it; never with a secret.
#[derive(Debug)]
pub enum StartError {
    /// `KONTRACT_SECRET` is missing or can be guessed.
    Secret(&'static str),
    /// `KONTRACT_STATIC_KEY` holds no keys, or others than the build's clients know.
    StaticKey(String),
    /// A file of the build is missing, or was made by another version.
    Build(PathBuf, String),
    /// The application's modules or its `src/auth.ts` cannot be used.
    Application(String),
    /// `[server] egress`
    Egress(String),
    /// The address is no address, or the database cannot be reached.
    Database(String),
    /// The role in `DATABASE_URL` may do more than a gateway's must.
    Role(String),
    /// The tables are not those of the build.
    Schema(String),
    Address(SocketAddr, io::Error),
    Threads(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(reason) => write!(
                formatter,
                "KONTRACT_SECRET {reason}: set it to at least 32 random bytes, such as the output \
                 of `openssl rand -base64 48`"
            ),
            Self::StaticKey(reason) => write!(formatter, "KONTRACT_STATIC_KEY {reason}"),
            Self::Build(file, reason) => write!(formatter, "{}: {reason}", file.display()),
            Self::Application(reason) => {
                write!(formatter, "the application does not load: {reason}")
            }
            Self::Egress(reason) => write!(formatter, "`[server] egress`: {reason}"),
            Self::Database(reason) | Self::Role(reason) | Self::Schema(reason) => {
                formatter.write_str(reason)
            }
            Self::Address(address, error) if error.kind() == io::ErrorKind::AddrInUse => write!(
                formatter,
                "port {} of {} is in use: stop what uses it, or choose another with `--port` or \
                 `[server] port`",
                address.port(),
                address.ip()
            ),
            Self::Address(address, error) => {
                write!(formatter, "cannot listen on {address}: {error}")
            }
            Self::Threads(error) => write!(formatter, "the system gives no threads: {error}"),
        }
    }
}

impl std::error::Error for StartError {}
