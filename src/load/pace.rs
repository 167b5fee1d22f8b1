//! When requests are due.

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

/// The moments at which requests are due, as they come, from `begin` on, so many a second, for so long.
///
/// They come from a thread of its own: the timers of tokio tick in milliseconds. It ends with the receiver.
pub(super) fn pace(begin: Instant, rate: u16, lasts: Duration) -> mpsc::UnboundedReceiver<Instant> {
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::spawn(move || {
        for at in moments(rate).take_while(|at| *at < lasts) {
            let due = begin + at;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if sender.send(due).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Each from the beginning, so that no error adds up.
fn moments(rate: u16) -> impl Iterator<Item = Duration> {
    (0..).map(move |number: u64| {
        let (seconds, rest) = (number / u64::from(rate), number % u64::from(rate));
        Duration::from_secs(seconds) + Duration::from_nanos(rest * 1_000_000_000 / u64::from(rate))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_adds_up() {
        for rate in [1, 3, 7, 1000, u16::MAX] {
            assert_eq!(moments(rate).nth(usize::from(rate) * 10), Some(Duration::from_secs(10)), "{rate}");
        }
    }
}
