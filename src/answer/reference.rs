//! The request's id, as a client may quote it to those who run the site.

use std::borrow::Cow;

/// A request's id in characters that mean nothing in HTML, in JSON and in a URL.
///
/// An id may be a client's own (`X-Request-Id`): whatever else it holds is left out, and what is
/// longer than anybody can quote is cut.
#[derive(Debug)]
pub(super) struct Reference<'a>(Cow<'a, [u8]>);

const LONGEST: usize = 128;

impl<'a> Reference<'a> {
    pub(super) fn new(id: &'a [u8]) -> Self {
        if id.len() <= LONGEST && id.iter().fold(true, |all, byte| all & is_plain(*byte)) {
            Self(Cow::Borrowed(id))
        } else {
            Self(id.iter().copied().filter(|byte| is_plain(*byte)).take(LONGEST).collect())
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b':' | b'=')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_of_our_own_stays_as_it_is() {
        let id = "0199f3c2-7d1e-7c3a-9c66-2f0f4a1b8e55";
        assert_eq!(Reference::new(id.as_bytes()).as_bytes(), id.as_bytes());
    }

    #[test]
    fn a_hostile_id_loses_what_could_mean_something() {
        assert_eq!(Reference::new("a\"><script>\r\nb\\é".as_bytes()).as_bytes(), b"ascriptb");
        assert_eq!(Reference::new("x".repeat(500).as_bytes()).as_bytes().len(), LONGEST);
    }

    proptest! {
        #[test]
        fn any_id_becomes_one_that_stays_as_it_is(id in ".*") {
            let once = Reference::new(id.as_bytes());
            let twice = Reference::new(once.as_bytes());
            prop_assert!(once.as_bytes().iter().all(u8::is_ascii_graphic));
            prop_assert_eq!(twice.as_bytes(), once.as_bytes());
        }
    }
}
