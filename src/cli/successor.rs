//! Replaces the process by a new one of the same program, which goes on with the listening socket:
//! connections that come meanwhile wait for it.

#[cfg(not(unix))]
pub use other::{inherited, succeed};
#[cfg(unix)]
pub use unix::{inherited, succeed};

#[cfg(unix)]
mod unix {
    #![allow(unsafe_code, reason = "a socket that was inherited is known by its number alone")]

    use std::{
        env,
        io::Error,
        net::TcpListener,
        os::{
            fd::{AsRawFd, FromRawFd},
            unix::process::CommandExt,
        },
        process::{self, Command},
    };

    use socket2::Socket;

    /// Returns only where the new process cannot be started.
    pub fn succeed(listener: TcpListener) -> Error {
        let socket = Socket::from(listener);
        let started = || {
            socket.set_cloexec(false)?;
            let heir = format!("{}:{}", process::id(), socket.as_raw_fd());
            let mut successor = Command::new(env::current_exe()?);
            Ok(successor.args(env::args_os().skip(1)).env(SOCKET, heir).exec())
        };
        started().unwrap_or_else(|error| error)
    }

    /// The socket that a predecessor left to this process.
    pub fn inherited() -> Option<TcpListener> {
        let text = env::var(SOCKET).ok()?;
        let (heir, number) = text.split_once(':')?;
        // A child of this process inherits the variable, and no socket.
        if heir.parse() != Ok(process::id()) {
            return None;
        }
        // SAFETY: `succeed` said so of this very process, whose number outlives `exec`: the
        // descriptor is open, and nothing else knows of it.
        let socket = unsafe { Socket::from_raw_fd(number.parse().ok()?) };
        socket.set_cloexec(true).ok()?;
        Some(socket.into())
    }

    /// `<process>:<file descriptor>`
    const SOCKET: &str = "KONTRACT_SOCKET";
}

/// Whoever watches over the process starts it again.
#[cfg(not(unix))]
mod other {
    use std::{
        io::{Error, ErrorKind},
        net::TcpListener,
    };

    pub fn succeed(_: TcpListener) -> Error {
        ErrorKind::Unsupported.into()
    }

    pub fn inherited() -> Option<TcpListener> {
        None
    }
}
