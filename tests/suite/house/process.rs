//! What the kernel says of a process.

use std::fs;

use nix::unistd::Pid;

/// The sum of what `read` finds in a file of each thread: `/proc/PID/task/*/FILE`.
pub(crate) fn of_threads(pid: Pid, file: &str, read: impl Fn(&str) -> Option<u64>) -> u64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("tasks").flatten();
    // One may have ended since.
    threads.filter_map(|thread| read(&fs::read_to_string(thread.path().join(file)).ok()?)).sum()
}
