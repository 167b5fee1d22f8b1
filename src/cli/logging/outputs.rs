//! Where each line goes: queues with bounds, written by threads of their own.

use std::io::{self, Write};

use prometheus::IntCounter;
use tracing::Metadata;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::MakeWriter;

use super::log_file::LogFile;
use crate::config::LogTarget;
use crate::metrics::Metrics;
use crate::proxy::ACCESS_LOG;

/// So many lines wait while nobody takes them (a pipe that is full, a disk that hangs); more are dropped and
/// counted, because a request waits for no line.
const WAITING: usize = 16 * 1024;

/// Where lines go.
#[derive(Debug)]
pub(super) struct Outputs {
    others: NonBlocking,
    requests: NonBlocking,
}

/// Lines that wait are written, for a second at most, when this is dropped.
#[derive(Debug)]
pub(in crate::cli) struct Flush {
    _guards: Vec<WorkerGuard>,
}

impl Outputs {
    /// `requests` is where lines of requests go, if not where all others do.
    pub(super) fn open(requests: Option<&LogTarget>, metrics: &Metrics) -> Result<(Self, Flush), String> {
        let (others, guard) = queue("stderr", io::stderr(), metrics);
        let mut guards = vec![guard];
        let requests = match requests {
            None | Some(LogTarget::Stderr) => others.clone(),
            Some(LogTarget::Stdout) => {
                let (queue, guard) = queue("stdout", io::stdout(), metrics);
                guards.push(guard);
                queue
            }
            Some(LogTarget::File(path)) => {
                let file = LogFile::open(path).map_err(|error| {
                    format!(
                        "cannot write the access log {}: {error}: let schemagate's user write there, or set another \
                         `to` under [log.access]",
                        path.display()
                    )
                })?;
                let (queue, guard) = queue("file", file, metrics);
                guards.push(guard);
                queue
            }
        };
        Ok((Self { others, requests }, Flush { _guards: guards }))
    }
}

fn queue(to: &'static str, writer: impl Write + Send + 'static, metrics: &Metrics) -> (NonBlocking, WorkerGuard) {
    let counting = Counting { writer, failures: metrics.log_failures(to) };
    let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING).thread_name("log");
    let (queue, guard) = builder.finish(counting);
    let dropped = queue.error_counter();
    metrics.count_dropped_lines(to, move || dropped.dropped_lines());
    (queue, guard)
}

/// Counts lines that could not be written: there is no log to say it in.
struct Counting<W> {
    writer: W,
    failures: IntCounter,
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.failures.inc();
            }
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl<'a> MakeWriter<'a> for Outputs {
    type Writer = NonBlocking;

    fn make_writer(&'a self) -> NonBlocking {
        self.others.clone()
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> NonBlocking {
        if meta.target() == ACCESS_LOG { self.requests.clone() } else { self.others.clone() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    /// A terminal that hangs until the test says otherwise.
    struct Hanging(Receiver<()>);

    impl Write for Hanging {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // An error means that the test is over.
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_nobody_takes_is_dropped_and_counted_and_nobody_waits_for_it() {
        let metrics = Metrics::new().expect("metrics");
        let (release, hanging) = channel();
        let (mut queue, guard) = queue("stderr", Hanging(hanging), &metrics);
        for _ in 0..WAITING + 100 {
            queue.write_all(b"a line\n").expect("taken");
        }
        let dropped = queue.error_counter().dropped_lines();
        // One may be on its way out.
        assert!((99..=100).contains(&dropped), "{dropped}");
        drop(release);
        drop(guard);
    }
}
