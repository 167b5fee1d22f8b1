//! A process that cannot outlive the tests.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A process that dies with its owner, and with the test process however that dies: a guard
/// waits on a pipe that only the test process holds open.
pub(crate) struct Guarded {
    child: Child,
    guard: Child,
    last: Signal,
}

impl Guarded {
    /// Starts `command`. `last` is the signal that ends it; `folder` goes with the test process.
    pub(crate) fn start(command: &mut Command, last: Signal, folder: Option<&Path>) -> Self {
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("{} does not start: {error}; `make test` installs what is missing", command.get_program().display())
        });
        // A stopped process must run again to receive the signal that ends it.
        let script = r#"trap '' INT TERM HUP; read -r _; kill -s "$2" "$1"; kill -s CONT "$1"
            [ -z "$3" ] || { sleep 1; rm -rf "$3"; }"#;
        let guard = Command::new("sh")
            .args(["-c", script, "guard", &child.id().to_string()])
            .arg(last.as_str().trim_start_matches("SIG"))
            .arg(folder.map_or_else(Default::default, Path::as_os_str))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh is everywhere");
        Self { child, guard, last }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("one's own process can be signalled");
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("one's own process can be waited for")
    }

    /// Waits for its end.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + limit;
        loop {
            match self.ended() {
                None if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
                ended => return ended,
            }
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // The guard first: later the number could be another process's.
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = kill(self.pid(), self.last);
            let _ = kill(self.pid(), Signal::SIGCONT);
            let _ = self.child.wait();
        }
    }
}
