//! The supervisor of this process, told how it goes: systemd's notification protocol (`sd_notify(3)`).
//!
//! Where `NOTIFY_SOCKET` is not set nobody asked to be told, and nothing is.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use rustix::time::{ClockId, clock_gettime};
use tracing::warn;

/// How it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Going {
    /// It serves; with this to be shown to people.
    Serving(&'static str),
    /// It reads its configuration anew, until it serves again.
    Reloading,
    /// It is about to end.
    Stopping,
}

/// Tells the supervisor, if there is one. One that cannot be told is no reason to stop serving: it notices by itself.
pub fn tell(going: Going) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return };
    if let Err(error) = send(&socket, &going.message()) {
        warn!(%error, socket = %socket.display(), ?going, "the supervisor (NOTIFY_SOCKET) could not be told how it goes");
    }
}

impl Going {
    fn message(self) -> String {
        match self {
            Self::Serving(status) => format!("READY=1\nSTATUS={status}"),
            Self::Reloading => {
                // By this systemd tells the reload that it asked for from one before.
                let now = clock_gettime(ClockId::Monotonic);
                let microseconds = now.tv_sec.saturating_mul(1_000_000).saturating_add(now.tv_nsec / 1000);
                format!("RELOADING=1\nMONOTONIC_USEC={microseconds}\nSTATUS=Reading the configuration anew")
            }
            Self::Stopping => "STOPPING=1\nSTATUS=Requests in flight are ending".to_owned(),
        }
    }
}

/// A path, or a name without a file where it begins with `@`.
fn send(socket: &OsStr, message: &str) -> io::Result<()> {
    let address = match socket.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(message.as_bytes(), &address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut message = [0; 512];
        let length = socket.recv(&mut message).expect("a message");
        String::from_utf8_lossy(&message[..length]).into_owned()
    }

    #[test]
    fn a_supervisor_listens_by_a_path_or_by_a_name_without_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let by_path = UnixDatagram::bind(&path).expect("a socket");
        send(path.as_os_str(), &Going::Serving("Serving").message()).expect("it is told");
        assert_eq!(heard(&by_path), "READY=1\nSTATUS=Serving");

        let name = format!("schemagate-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let by_name = UnixDatagram::bind_addr(&address).expect("a socket");
        send(OsStr::new(&format!("@{name}")), &Going::Reloading.message()).expect("it is told");
        let reloading = heard(&by_name);
        let time = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
        assert!(time.is_some_and(|time| time.parse::<u64>().is_ok_and(|time| time > 0)), "{reloading}");
    }

    #[test]
    fn one_that_is_gone_is_an_error_and_nothing_else() {
        send(OsStr::new("/no/such/socket"), "READY=1").expect_err("nobody listens");
    }
}
