//! What may name a host.

use std::net::Ipv6Addr;

use super::places::{self, Place};

/// The longest name (RFC 1035, section 2.3.4).
const LONGEST: usize = 255;

/// Whether this is a host with or without a port, as `Host` and `:authority` have it: letters, digits, `-._~`, or an
/// IPv6 address in brackets. RFC 3986 would allow more; no host has such a name, and readers disagree on where it ends.
pub fn is_authority(text: &[u8]) -> bool {
    if let Some(rest) = text.strip_prefix(b"[") {
        let Some(end) = rest.iter().position(|byte| *byte == b']') else { return false };
        let (address, after) = rest.split_at(end);
        let parsed = core::str::from_utf8(address).ok().and_then(|address| address.parse::<Ipv6Addr>().ok());
        return parsed.is_some() && is_port(after.get(1..).unwrap_or_default());
    }
    let end = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
    let (name, port) = text.split_at(end);
    (1..=LONGEST).contains(&name.len()) && places::all(name, Place::Host) && is_port(port)
}

/// Nothing, or a colon and a number, which may be left out (RFC 3986, section 3.2.3).
fn is_port(text: &[u8]) -> bool {
    let Some(digits) = text.strip_prefix(b":") else { return text.is_empty() };
    let number = digits.iter().try_fold(0_u16, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u16::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    });
    digits.len() <= 5 && number.is_some()
}
