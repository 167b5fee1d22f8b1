//! PostgreSQL and PgBouncer refuse to run as root.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{User, geteuid};

/// The user that servers run as: another one for root, oneself for everybody else.
fn other() -> Option<User> {
    if !geteuid().is_root() {
        return None;
    }
    let found = ["postgres", "nobody"].into_iter().find_map(|name| User::from_name(name).ok().flatten());
    Some(found.expect("root needs a user `postgres` or `nobody` to run PostgreSQL as"))
}

/// Makes `command` run without root's rights.
pub(super) fn demote(command: &mut Command) -> &mut Command {
    if let Some(user) = other() {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

/// Gives `path` to the user that servers run as.
pub(super) fn hand_over(path: &Path) {
    if let Some(user) = other() {
        chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).expect("root may give files away");
    }
}
