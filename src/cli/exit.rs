//! Exit codes, the same for every command.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// 0: done; what was asked about is ready.
    Ready,
    /// 1: something is unmet.
    NotReady,
    /// 2: wrong usage, a wrong configuration, or an address that cannot be bound.
    Usage,
    /// 3: a database could not be looked at, or the running schemagate not be asked.
    Unreachable,
    /// 130: ended by SIGINT, as a shell would say it.
    Interrupted,
    /// 143: ended by SIGTERM, as a shell would say it.
    Terminated,
}

/// For `--help`.
pub(super) const HELP: &str = "\
Exit codes: 0 ready or done; 1 not ready; 2 wrong usage or configuration; 3 a database could not be looked at, or the running schemagate not be asked.";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ready => 0,
            Exit::NotReady => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
        })
    }
}
