//! Requests by the clock, whether or not others are answered, each measured from the moment that it was due.
//!
//! One thread waits for whatever comes first, an answer or a moment, so that it is late by microseconds and takes little of
//! the core that it shares with the backend.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

/// How long a request may take from when it was due.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Requests that come at an even rate.
pub(crate) struct Steady<'s> {
    pub(crate) port: u16,
    /// Path and query.
    pub(crate) path: &'s str,
    /// Requests a second.
    pub(crate) rate: f64,
    pub(crate) lasts: Duration,
    /// Connections, and so requests at once, at most.
    pub(crate) connections: usize,
}

/// What became of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered {
    /// When it was sent, which is after it was due where no connection was free.
    pub(crate) sent: Instant,
    /// When its answer was there.
    pub(crate) got: Instant,
    /// From when it was due.
    pub(crate) took: Duration,
    /// 0 where there was no whole answer.
    pub(crate) status: u16,
}

/// What became of all.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) answers: Vec<Answered>,
    /// How late each was sent though a connection was free: by the generator's own fault.
    pub(crate) late: Vec<Duration>,
}

struct Talk {
    stream: Option<TcpStream>,
    /// When what is under way was due, and when it was sent.
    asked: Option<(Instant, Instant)>,
    /// What came of its answer so far.
    came: Vec<u8>,
}

impl Steady<'_> {
    /// Sends them all and waits for what becomes of them.
    pub(crate) fn run(&self) -> anyhow::Result<Outcome> {
        let request = format!("GET {} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n", self.path);
        let mut talks: Vec<Talk> = Vec::new();
        talks.resize_with(self.connections, || Talk { stream: None, asked: None, came: Vec::with_capacity(4096) });
        let mut outcome = Outcome::default();
        let begin = Instant::now();
        let due = |number: u32| begin + Duration::from_secs_f64(f64::from(number) / self.rate);
        let mut number = 0;
        loop {
            let all_sent = due(number) >= begin + self.lasts;
            let mut free = talks.iter().position(|talk| talk.asked.is_none());
            let now = Instant::now();
            if !all_sent
                && due(number) <= now
                && let Some(talk) = free.and_then(|free| talks.get_mut(free))
            {
                talk.send(self.port, request.as_bytes(), due(number));
                outcome.late.push(now - due(number));
                number += 1;
                continue;
            }
            let busy = talks.iter().any(|talk| talk.asked.is_some());
            if all_sent && !busy {
                return Ok(outcome);
            }
            // Whoever is overdue and finds no connection waits for one, by no fault of the generator's.
            free = free.filter(|_| !all_sent);
            let wait = free.map_or(Duration::from_millis(100), |_| due(number).saturating_duration_since(now));
            for place in ready(&talks, wait)? {
                if let Some(talk) = talks.get_mut(place) {
                    outcome.answers.extend(talk.receive());
                }
            }
            let now = Instant::now();
            outcome.answers.extend(talks.iter_mut().filter_map(|talk| talk.give_up(now)));
        }
    }
}

/// Which talks have something to read, within so much time.
fn ready(talks: &[Talk], wait: Duration) -> anyhow::Result<Vec<usize>> {
    let busy = talks.iter().enumerate().filter(|(_, talk)| talk.asked.is_some());
    let busy: Vec<_> = busy.filter_map(|(place, talk)| Some((place, talk.stream.as_ref()?))).collect();
    let readable = readable(busy.iter().map(|(_, stream)| *stream), wait)?;
    Ok(busy.iter().zip(readable).filter_map(|((place, _), readable)| readable.then_some(*place)).collect())
}

/// Of each stream, whether there is something to read or it ended, as soon as that is so of any, or after so much time.
pub(crate) fn readable<'s>(streams: impl Iterator<Item = &'s TcpStream>, wait: Duration) -> anyhow::Result<Vec<bool>> {
    let mut polled: Vec<PollFd<'_>> = streams.map(|stream| PollFd::new(stream.as_fd(), PollFlags::POLLIN)).collect();
    ppoll(&mut polled, Some(TimeSpec::from_duration(wait)), None)?;
    Ok(polled.iter().map(|polled| polled.any() == Some(true)).collect())
}

impl Talk {
    fn send(&mut self, port: u16, request: &[u8], due: Instant) {
        self.came.clear();
        if self.stream.is_none() {
            self.stream = connected(port).ok();
        }
        if self.stream.as_mut().is_none_or(|stream| stream.write_all(request).is_err()) {
            self.stream = None;
        }
        // Without a stream it is given up at the next look.
        self.asked = Some((due, Instant::now()));
    }

    /// The answer, should it be whole or broken off.
    fn receive(&mut self) -> Option<Answered> {
        let mut piece = [0; 16 * 1024];
        let stream = self.stream.as_mut()?;
        match stream.read(&mut piece) {
            Ok(0) => self.end(0),
            Ok(length) => {
                self.came.extend_from_slice(piece.get(..length)?);
                let (status, closes) = whole(&self.came)?;
                if closes {
                    self.stream = None;
                }
                self.end(status)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(_) => self.end(0),
        }
    }

    fn give_up(&mut self, now: Instant) -> Option<Answered> {
        let (due, _) = self.asked?;
        if self.stream.is_some() && now.saturating_duration_since(due) < TIMEOUT { None } else { self.end(0) }
    }

    fn end(&mut self, status: u16) -> Option<Answered> {
        if status == 0 {
            self.stream = None;
        }
        let (due, sent) = self.asked.take()?;
        let got = Instant::now();
        Some(Answered { sent, got, took: got - due, status })
    }
}

fn connected(port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

/// The status of an answer that is there to its end, and whether its connection ends with it.
pub(crate) fn whole(came: &[u8]) -> Option<(u16, bool)> {
    let end = came.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(came.get(..end)?).ok()?;
    let body = came.get(end + 4..)?;
    let status: u16 = head.get(9..12)?.parse().ok()?;
    let value = |name: &str| {
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let there = match value("content-length") {
        Some(length) => body.len() >= length.parse().ok()?,
        None => status == 204 || body.ends_with(b"0\r\n\r\n"),
    };
    there.then(|| (status, value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))))
}

impl Outcome {
    /// The time by which such a part of all had their answer, in milliseconds.
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        percentile(self.answers.iter().map(|answered| answered.took), part)
    }

    /// By how much the generator itself was late.
    pub(crate) fn late(&self) -> f64 {
        percentile(self.late.iter().copied(), 0.99)
    }

    /// How many had another status.
    pub(crate) fn unlike(&self, status: u16) -> f64 {
        count(self.answers.iter().filter(|answered| answered.status != status))
    }
}

/// How many there are.
pub(crate) fn count<T>(things: impl Iterator<Item = T>) -> f64 {
    // A sum of nothing would be -0.
    things.fold(0.0, |sum, _| sum + 1.0)
}

fn percentile(times: impl Iterator<Item = Duration>, part: f64) -> f64 {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    let place = ((times.len() as f64 * part).ceil() as usize).saturating_sub(1);
    times.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let whole = |text: &str| whole(text.as_bytes());
        assert_eq!(whole("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"), Some((200, false)));
        assert_eq!(whole("HTTP/1.1 503 No\r\nconnection: Close\r\ncontent-length: 0\r\n\r\n"), Some((503, true)));
        assert_eq!(
            whole("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
            Some((200, false))
        );
        for part in ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n"]
        {
            assert_eq!(whole(part), None, "{part}");
        }
    }

    #[test]
    fn whoever_stalls_is_not_spared() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("one connection");
            for number in 0.. {
                let mut request = [0; 1024];
                if stream.read(&mut request).expect("a request") == 0 {
                    break;
                }
                if number == 20 {
                    thread::sleep(Duration::from_millis(300));
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").expect("an answer");
            }
        });
        let lasts = Duration::from_millis(500);
        let steady = Steady { port, path: "/", rate: 200.0, lasts, connections: 1 };
        let outcome = steady.run().expect("it runs");
        assert_eq!((outcome.answers.len(), outcome.unlike(200)), (100, 0.0));
        // One request met the stall; about sixty were due meanwhile.
        let slow = count(outcome.answers.iter().filter(|answered| answered.took > Duration::from_millis(50)));
        assert!(slow > 20.0, "{slow}");
    }
}
