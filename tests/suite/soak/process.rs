//! What a process takes of the machine, second by second.

use std::fmt;
use std::fs;
use std::time::Duration;

use nix::unistd::Pid;

/// What was seen of a process.
pub(super) struct Watch {
    pid: Pid,
    sizes: Vec<(Duration, f64)>,
    files: (usize, usize, usize),
    threads: (usize, usize),
}

impl Watch {
    pub(super) fn of(pid: Pid) -> Self {
        let (files, threads) = (count(pid, "fd"), count(pid, "task"));
        Self { pid, sizes: Vec::new(), files: (files, files, files), threads: (threads, threads) }
    }

    pub(super) fn look(&mut self, at: Duration) {
        let status = fs::read_to_string(format!("/proc/{}/statm", self.pid)).expect("it runs");
        let pages: f64 = status.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
        self.sizes.push((at, pages * 4096.0));
        self.files.1 = self.files.1.max(count(self.pid, "fd"));
        self.threads.1 = self.threads.1.max(count(self.pid, "task"));
    }

    /// A last look, when everything is quiet.
    pub(super) fn rest(&mut self, at: Duration) {
        self.look(at);
        self.files.2 = count(self.pid, "fd");
    }

    pub(super) const fn files_at_start(&self) -> usize {
        self.files.0
    }

    pub(super) const fn files_at_rest(&self) -> usize {
        self.files.2
    }

    /// By how many bytes it grew in a second, by the straight line through its sizes, but for the first third of the
    /// time: by then everything has been used once.
    pub(super) fn slope(&self) -> f64 {
        let sizes = &self.sizes[self.sizes.len() / 3..];
        let count = f64::from(u32::try_from(sizes.len()).expect("some hours"));
        let mean = |of: fn(&(Duration, f64)) -> f64| sizes.iter().map(of).sum::<f64>() / count;
        let (middle, size) = (mean(|(at, _)| at.as_secs_f64()), mean(|(_, size)| *size));
        let spread: f64 = sizes.iter().map(|(at, _)| (at.as_secs_f64() - middle).powi(2)).sum();
        let both: f64 = sizes.iter().map(|(at, it)| (at.as_secs_f64() - middle) * (it - size)).sum();
        both / spread
    }
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MIB: f64 = 1024.0 * 1024.0;
        write!(f, "RSS in MiB at each twelfth of the time:")?;
        for part in 0..=12 {
            let (_, size) = self.sizes[(self.sizes.len() - 1) * part / 12];
            write!(f, " {:.1}", size / MIB)?;
        }
        let most = self.sizes.iter().map(|(_, size)| *size).fold(0.0, f64::max);
        writeln!(f, "; at most {:.1}", most / MIB)?;
        writeln!(f, "its slope over the last two thirds: {:+.2} MiB an hour", self.slope() * 3600.0 / MIB)?;
        let ((start, most, rest), (threads, more)) = (self.files, self.threads);
        writeln!(
            f,
            "file descriptors: {start} at the start, {most} at most, {rest} at rest; threads: {threads}, {more} at most"
        )
    }
}

fn count(pid: Pid, what: &str) -> usize {
    fs::read_dir(format!("/proc/{pid}/{what}")).expect("it runs").count()
}
