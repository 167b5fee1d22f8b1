//! The `Date` of answers, made anew once a second.

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pingora::protocols::http::date::get_cached_date;

/// As RFC 9110, section 5.6.7, has it: `Sun, 06 Nov 1994 08:49:37 GMT`.
type Text = [u8; 29];

thread_local! {
    /// What was said last, and until when that is true.
    static SAID: Cell<Option<(Instant, Text)>> = const { Cell::new(None) };
}

/// The date at `now`, which must have come: the system's clock is asked once a second alone.
pub(super) fn date(now: Instant) -> Text {
    match SAID.get() {
        Some((until, text)) if now < until => text,
        _ => {
            let (until, text) = made(now);
            SAID.set(Some((until, text)));
            text
        }
    }
}

fn made(now: Instant) -> (Instant, Text) {
    let text = get_cached_date();
    let into_second = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    let left = Duration::from_secs(1).saturating_sub(Duration::from_nanos(into_second.into()));
    // It is never of another length.
    (now + left, text.as_bytes().try_into().unwrap_or(*b"Thu, 01 Jan 1970 00:00:00 GMT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_true_for_the_rest_of_its_second() {
        let now = Instant::now();
        let (until, text) = made(now);
        assert!(until > now && until <= now + Duration::from_secs(1));
        assert_eq!(&text[..], get_cached_date().as_bytes());
        assert_eq!(date(now), date(now));
        assert!(text.ends_with(b" GMT"), "{text:?}");
    }
}
