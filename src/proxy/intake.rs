//! How much of a request's body has come.

use std::io;
use std::num::NonZero;
use std::time::{Duration, Instant};

use pingora::http::RequestHeader;
use pingora::{Error, ErrorType};

use crate::config::BodyPace;
use crate::wire::WireRefusal;

/// What has come of one request's body on its way to one server.
#[derive(Debug, Default)]
pub(super) struct Intake {
    /// How slowly it may come, where that is measured here.
    pace: Option<BodyPace>,
    bytes: u64,
    since: Option<Instant>,
}

impl Intake {
    /// `pace`: how slowly it may come, where that is measured here.
    pub(super) fn new(pace: Option<BodyPace>) -> Self {
        Self { pace, ..Self::default() }
    }

    /// How long its next piece is waited for.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.pace.map(|pace| pace.patience)
    }

    /// Counts a piece. An error: it is more than `most`, or comes too slowly.
    pub(super) fn take(&mut self, piece: usize, most: Option<NonZero<u64>>) -> pingora::Result<()> {
        self.bytes = self.bytes.saturating_add(piece as u64);
        if most.is_some_and(|most| self.bytes > most.get()) {
            let refusal = io::Error::new(io::ErrorKind::InvalidData, WireRefusal::BodyTooLarge);
            return Err(Error::because(ErrorType::ReadError, "a request's body", refusal).into_down());
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        let Some(pace) = self.pace else { return Ok(()) };
        // All that came earns time, unlike over HTTP/1: a server that takes nothing for a while holds the client up, too.
        let earned = u32::try_from(self.bytes / u64::from(pace.rate.get())).unwrap_or(u32::MAX);
        if since.elapsed().as_secs() > pace.patience.as_secs().saturating_add(earned.into()) {
            return Err(Error::explain(ErrorType::ReadTimedout, "a request's body comes too slowly").into_down());
        }
        Ok(())
    }
}

/// Whether a request says of its body that it is larger than it may be.
pub(super) fn is_too_large(request: &RequestHeader, most: Option<NonZero<u64>>) -> bool {
    let Some(most) = most else { return false };
    let length = request.headers.get(http::header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    // One that cannot be read is refused elsewhere.
    length.and_then(|length| length.parse::<u64>().ok()).is_some_and(|length| length > most.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_tells_whether_a_body_is_too_large_and_no_header_tells_nothing() {
        let hundred = NonZero::new(100);
        for (length, most, expected) in [
            (Some("100"), hundred, false),
            (Some("101"), hundred, true),
            (Some("18446744073709551615"), hundred, true),
            (Some("many"), hundred, false),
            (None, hundred, false),
            (Some("101"), None, false),
        ] {
            let mut request = RequestHeader::build("POST", b"/", None).expect("a request");
            if let Some(length) = length {
                request.insert_header("content-length", length).expect("a header");
            }
            assert_eq!(is_too_large(&request, most), expected, "{length:?} of {most:?}");
        }
    }

    #[test]
    fn so_much_may_come_and_not_a_byte_more() {
        let most = NonZero::new(10);
        let mut intake = Intake::default();
        for piece in [4, 0, 6] {
            intake.take(piece, most).expect("there is room");
        }
        assert!(intake.take(1, most).is_err());
        assert!(Intake::default().take(usize::MAX, None).is_ok());
    }
}
