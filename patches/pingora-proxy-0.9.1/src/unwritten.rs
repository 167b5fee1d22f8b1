//! Not part of pingora: how much of an answer was read and is not written yet.

use pingora_core::protocols::http::HttpTask;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc::Sender;
use tokio::sync::Notify;

/// While so many bytes wait to be written, no more are read. A piece that is read may be larger
/// (64 KiB), so that a client which takes its answer as it comes gets it in as few writes as ever.
const ENOUGH: usize = 16 * 1024;

/// What of one answer the upstream half has read and the downstream half has not yet written.
#[derive(Default)]
pub(crate) struct Unwritten {
    bytes: AtomicUsize,
    less: Notify,
}

/// What the downstream half has taken out of the pipe; it is written, or given up, when this is dropped.
pub(crate) struct Taken<'u> {
    unwritten: &'u Unwritten,
    bytes: usize,
}

impl Unwritten {
    /// Waits until more of the answer may be read, or until nobody wants it any more. Loses nothing when dropped.
    pub(crate) async fn has_room(&self, pipe: &Sender<HttpTask>) {
        while self.bytes.load(Ordering::Acquire) >= ENOUGH {
            tokio::select! {
                () = self.less.notified() => {}
                () = pipe.closed() => return,
            }
        }
    }

    /// A task was read and goes into the pipe.
    pub(crate) fn read(&self, task: &HttpTask) {
        self.bytes.fetch_add(length(task), Ordering::AcqRel);
    }

    /// Tasks came out of the pipe.
    pub(crate) fn take(&self, tasks: &[HttpTask]) -> Taken<'_> {
        Taken {
            unwritten: self,
            bytes: tasks.iter().map(length).sum(),
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.unwritten.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
            // It is kept for whoever waits next, if nobody does yet.
            self.unwritten.less.notify_one();
        }
    }
}

fn length(task: &HttpTask) -> usize {
    match task {
        HttpTask::Body(Some(piece), _) | HttpTask::UpgradedBody(Some(piece), _) => piece.len(),
        _ => 0,
    }
}
