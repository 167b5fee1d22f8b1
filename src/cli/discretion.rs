//! What others on the machine can see of this process: neither its secrets' memory nor their place among its arguments.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::console::Console;

/// Where an argument is kept that nobody else is to read: the environment is its owner's alone, other than arguments.
const KEPT: &str = "SCHEMAGATE_ARGUMENT_";

/// A crash leaves no memory on the disk, and nobody but root reads the memory or the environment of the process
/// (`proc(5)`, `PR_SET_DUMPABLE`). A limit on core files alone would not do: those that go to a program ignore it.
pub(super) fn keep_memory(console: &Console) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        console.error(format!("warning: a crash may leave secrets in a core file: {error}"));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = console;
}

/// The arguments of the command line. Whoever lists processes sees them, so that a database's password does not stay
/// there: the program starts itself once more in its own place, with the secret in the environment.
pub(super) fn arguments() -> Vec<OsString> {
    let given: Vec<OsString> = env::args_os().collect();
    if !given.iter().any(|argument| is_secret(argument)) {
        return given.into_iter().map(expanded).collect();
    }
    if let (Ok(program), [name, arguments @ ..]) = (env::current_exe(), &*given) {
        let mut again = Command::new(program);
        again.arg0(name);
        for (number, argument) in arguments.iter().enumerate() {
            if is_secret(argument) {
                again.env(format!("{KEPT}{number}"), argument).arg(format!("{KEPT}{number}"));
            } else {
                again.arg(argument);
            }
        }
        // Returns only where it fails; then the secret is as visible as whoever started this made it.
        let _ = again.exec();
    }
    given
}

/// What stands for a kept argument, exchanged for it.
fn expanded(argument: OsString) -> OsString {
    let kept = argument.to_str().is_some_and(|name| name.starts_with(KEPT));
    kept.then(|| env::var_os(&argument)).flatten().unwrap_or(argument)
}

/// Whether a password may be in it, as connection strings have one.
fn is_secret(argument: &OsStr) -> bool {
    let text = argument.to_string_lossy();
    let in_authority =
        text.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).is_some_and(|(user, _)| user.contains(':'));
    in_authority || text.to_ascii_lowercase().contains("password=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_with_a_password_is_secret_wherever_it_stands() {
        for secret in [
            "postgresql://app:hunter2@db/shop",
            "--database=postgres://app:hunter2@db/shop",
            "postgres://app:hunter2@one,two@db/shop",
            "host=db user=app password=hunter2",
            "postgresql://db/shop?user=app&PASSWORD=hunter2",
        ] {
            assert!(is_secret(OsStr::new(secret)), "{secret}");
        }
        for plain in [
            "run",
            "--config",
            "proxy.toml",
            "postgresql://app@db/shop",
            "https://host:8443/path",
            "sqlite:app.db",
            "SCHEMAGATE_ARGUMENT_3",
        ] {
            assert!(!is_secret(OsStr::new(plain)), "{plain}");
        }
    }
}
