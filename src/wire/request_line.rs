//! `GET /path HTTP/1.1` (RFC 9112, section 3).

use super::places::{self, Place};
use super::{Limits, WireRefusal, is_authority, only_text};

/// The longest method; the longest in IANA's registry has 17 letters.
const LONGEST_METHOD: usize = 32;

/// What of a request line the fields are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RequestLine<'h> {
    /// The method.
    pub(super) method: &'h [u8],
    /// The target.
    pub(super) target: &'h [u8],
    /// The host that an absolute target names.
    pub(super) authority: Option<&'h [u8]>,
    /// Whether it is HTTP/1.0.
    pub(super) is_http10: bool,
}

/// Whether this may be a method.
pub fn is_method(method: &[u8]) -> bool {
    method.len() <= LONGEST_METHOD
        && method.first().is_some_and(u8::is_ascii_uppercase)
        && places::all(method, Place::Method)
}

impl<'h> RequestLine<'h> {
    pub(super) fn read(line: &'h [u8], limits: &Limits) -> Result<Self, WireRefusal> {
        Self::read_plain(line, limits).map_or_else(|| Self::read_any(line, limits), Ok)
    }

    /// Reads what nearly all are: a method, a path of which there is nothing to be said, and `HTTP/1.1`.
    fn read_plain(line: &'h [u8], limits: &Limits) -> Option<Self> {
        let end = line.iter().position(|byte| *byte == b' ')?;
        let (method, rest) = line.split_at(end);
        let target = rest.get(1..)?.strip_suffix(b" HTTP/1.1")?;
        let is_plain = target.first() == Some(&b'/')
            && target.len() <= limits.target
            && places::all(target, Place::Target)
            && method != b"CONNECT"
            && is_method(method);
        is_plain.then_some(Self { method, target, authority: None, is_http10: false })
    }

    fn read_any(line: &'h [u8], limits: &Limits) -> Result<Self, WireRefusal> {
        only_text(line)?;
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(WireRefusal::BadRequestLine);
        };
        if !is_method(method) {
            return Err(WireRefusal::BadMethod);
        }
        let is_http10 = match version {
            b"HTTP/1.1" => false,
            b"HTTP/1.0" => true,
            _ => return Err(WireRefusal::BadVersion),
        };
        if target.len() > limits.target {
            return Err(WireRefusal::TargetTooLong);
        }
        Ok(Self { method, target, authority: authority(method, target)?, is_http10 })
    }
}

/// The host that a target names, where it names one (RFC 9112, section 3.2).
fn authority<'h>(method: &[u8], target: &'h [u8]) -> Result<Option<&'h [u8]>, WireRefusal> {
    check_bytes(target)?;
    if method == b"CONNECT" {
        return if is_authority(target) { Ok(Some(target)) } else { Err(WireRefusal::BadTarget) };
    }
    match target {
        [b'/', ..] => return Ok(None),
        b"*" if method == b"OPTIONS" => return Ok(None),
        b"*" => return Err(WireRefusal::Asterisk),
        _ => {}
    }
    let rest = after_scheme(target).ok_or(WireRefusal::BadTarget)?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let (authority, _) = rest.split_at(end);
    if authority.contains(&b'@') {
        return Err(WireRefusal::Userinfo);
    }
    if is_authority(authority) { Ok(Some(authority)) } else { Err(WireRefusal::BadTarget) }
}

/// Refuses a target with a byte that is out of place.
fn check_bytes(target: &[u8]) -> Result<(), WireRefusal> {
    if core::str::from_utf8(target).is_err() {
        return Err(WireRefusal::BadTarget);
    }
    if target.contains(&b'#') {
        return Err(WireRefusal::Fragment);
    }
    // A blank that is none to everybody.
    if target.contains(&b'\t') {
        return Err(WireRefusal::ControlByte);
    }
    let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
    let query = target.get(path.len()..).unwrap_or_default();
    if target.iter().any(|byte| matches!(byte, b'<' | b'>')) || path.contains(&b'`') || query.contains(&b'"') {
        // pingora takes other characters that RFC 3986 forbids, since browsers and others send them; these it does not.
        return Err(WireRefusal::UnescapedByte);
    }
    Ok(())
}

fn after_scheme(target: &[u8]) -> Option<&[u8]> {
    [&b"http://"[..], b"https://"].into_iter().find_map(|scheme| {
        let (front, rest) = target.split_at_checked(scheme.len())?;
        front.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_plain_line_is_read_as_any_other(
            method in "[A-Z]{1,7}|[A-Z_-]{1,3}|CONNECT|get|[A-Z]{33}",
            target in "/[!-~]{0,6}|[ -~\\x80é]{0,6}|/a{30,40}",
            version in "HTTP/1\\.[01]|HTTP/[0-9]",
        ) {
            let (line, limits) = (format!("{method} {target} {version}"), Limits { target: 32, ..Limits::default() });
            let (read, any) = (RequestLine::read(line.as_bytes(), &limits), RequestLine::read_any(line.as_bytes(), &limits));
            prop_assert_eq!(read, any, "{}", line);
        }
    }
}
