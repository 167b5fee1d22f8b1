//! Where a request ends.

use super::chunks::Chunks;

/// What of a request's body is to come, by what its head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes; 0: nothing.
    Length(u64),
    /// Chunks (RFC 9112, section 7.1).
    Chunked(Chunks),
}

/// What a head says of what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Follows {
    /// The body.
    pub(super) body: Framing,
    /// Whether another protocol may follow.
    pub(super) upgrade: bool,
}

impl Framing {
    pub(super) const NOTHING: Self = Self::Length(0);

    /// Whether the body has come to its end.
    pub(super) const fn is_done(self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunks::Done))
    }

    /// Goes on over `bytes`: how many of them belong to the body.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Length(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= taken as u64;
                taken
            }
            Self::Chunked(chunks) => chunks.scan(bytes),
        }
    }
}

impl Follows {
    /// Reads a whole head that may stand as it does.
    pub(super) fn of(head: &[u8]) -> Self {
        let mut follows = Self { body: Framing::NOTHING, upgrade: false };
        for line in head.split(|byte| *byte == b'\n').skip(1) {
            let Some((name, value)) =
                line.iter().position(|byte| *byte == b':').and_then(|at| line.split_at_checked(at))
            else {
                continue;
            };
            if name.eq_ignore_ascii_case(b"transfer-encoding") {
                follows.body = Framing::Chunked(Chunks::START);
            } else if name.eq_ignore_ascii_case(b"content-length") && matches!(follows.body, Framing::Length(_)) {
                follows.body = Framing::Length(length(value));
            } else if name.eq_ignore_ascii_case(b"upgrade") {
                follows.upgrade = true;
            }
        }
        follows
    }
}

/// The number behind a colon. What is none is refused elsewhere: it only must not seem to be none to come.
fn length(value: &[u8]) -> u64 {
    let value = value.get(1..).unwrap_or_default().trim_ascii();
    std::str::from_utf8(value).ok().and_then(|value| value.parse().ok()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &str) -> Follows {
        Follows::of(format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n").as_bytes())
    }

    #[test]
    fn a_head_says_what_follows_it() {
        let chunked = Framing::Chunked(Chunks::START);
        for (headers, body) in [
            ("", Framing::NOTHING),
            ("Content-Length: 0\r\n", Framing::NOTHING),
            ("content-LENGTH:\t12 \r\n", Framing::Length(12)),
            ("Content-Length: 1, 2\r\n", Framing::Length(u64::MAX)),
            ("Content-Length:\r\n", Framing::Length(u64::MAX)),
            ("Transfer-Encoding: chunked\r\n", chunked),
            ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunked),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", chunked),
        ] {
            assert_eq!(of(headers), Follows { body, upgrade: false }, "{headers:?}");
        }
        assert!(of("Connection: Upgrade\r\nUpgrade: websocket\r\n").upgrade);
    }

    #[test]
    fn a_body_of_a_length_ends_there() {
        let mut body = Framing::Length(5);
        assert_eq!((body.scan(b"abc"), body.is_done()), (3, false));
        assert_eq!((body.scan(b"defg"), body.is_done()), (2, true));
        assert_eq!(body.scan(b"h"), 0);
    }
}
