//! Which bytes may stand where.

/// A place of which bytes are told by a table. What stands there is short: looking each byte up is faster than comparing
/// many at a time, and much faster than comparing one with every range.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// The name of a host, as it is served here.
    Host = 1,
    /// A token (RFC 9110, section 5.6.2).
    Token = 2,
    /// A request target of which there is nothing to be said: visible ASCII without what is to be escaped.
    Target = 4,
    /// A method. Small letters are refused: some backends take `post` for POST, and a gate on POST must not be stepped
    /// around.
    Method = 8,
}

static PLACES: [u8; 256] = {
    let mut places = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        let host = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let token = byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~');
        let target = byte.is_ascii_graphic() && !matches!(byte, b'#' | b'<' | b'>' | b'`' | b'"');
        let method = matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_');
        #[expect(clippy::indexing_slicing, reason = "what is wrong here is not built")]
        {
            places[byte as usize] = place(host, Place::Host)
                | place(token, Place::Token)
                | place(target, Place::Target)
                | place(method, Place::Method);
        }
        byte += 1;
    }
    places
};

const fn place(stands: bool, place: Place) -> u8 {
    if stands { place as u8 } else { 0 }
}

/// Whether a byte may stand there.
pub(super) fn stands(byte: u8, place: Place) -> bool {
    PLACES.get(usize::from(byte)).is_some_and(|places| places & place as u8 != 0)
}

/// Whether every byte may.
pub(super) fn all(bytes: &[u8], place: Place) -> bool {
    bytes.iter().all(|byte| stands(*byte, place))
}

/// Whether this is a token.
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && all(text, Place::Token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_its_bytes() {
        let of = |place| -> String { (0..=u8::MAX).filter(|byte| stands(*byte, place)).map(char::from).collect() };
        let letters: String = ('A'..='Z').chain('a'..='z').collect();
        let sorted = |text: &str| {
            let mut bytes: Vec<char> = text.chars().collect();
            bytes.sort_unstable();
            bytes.into_iter().collect::<String>()
        };
        assert_eq!(of(Place::Host), sorted(&format!("{letters}0123456789-._~")));
        assert_eq!(of(Place::Token), sorted(&format!("{letters}0123456789!#$%&'*+-.^_`|~")));
        assert_eq!(of(Place::Target), sorted(&format!("{letters}0123456789!$%&'()*+,-./:;=?@[\\]^_{{|}}~")));
        assert_eq!(of(Place::Method), sorted("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"));
        assert!(all(b"", Place::Host) && !all("é".as_bytes(), Place::Target));
    }
}
