//! `Name: value`, line by line (RFC 9112, section 5).

use core::ops::Range;

use memchr::memchr;

use super::places::{self, Place};
use super::request_line::RequestLine;
use super::{Body, Head, Limits, WireRefusal, is_authority, only_text};

/// What of the fields decides on host and framing.
#[derive(Debug, Default)]
pub(super) struct Fields<'h> {
    count: usize,
    host: Option<&'h [u8]>,
    length: Option<u64>,
    chunked: bool,
    upgrade: bool,
}

/// Fields that frame a request: they must reach the backend if they came, and `Connection` would have them taken away.
const FRAMING: [&[u8]; 3] = [b"host", b"content-length", b"transfer-encoding"];

/// Those that tell of who stands before the peer: an untrusted one's never reach a backend, and where a trusted one's
/// do not, its client is taken for the proxy.
const OF_PROXIES: [&[u8]; 2] = [b"forwarded", b"x-real-ip"];

/// How the others of the latter kind begin.
const FORWARDED: &[u8] = b"x-forwarded-";

impl<'h> Fields<'h> {
    /// Reads one line, which is not empty: the name that it begins with, and where its value stands.
    pub(super) fn take(&mut self, line: &'h [u8], limits: &Limits) -> Result<(&'h [u8], Range<usize>), WireRefusal> {
        self.count += 1;
        if self.count > limits.fields {
            return Err(WireRefusal::TooManyFields);
        }
        if line.len() > limits.field {
            return Err(WireRefusal::FieldTooLarge);
        }
        if let [b' ' | b'\t', ..] = line {
            return Err(WireRefusal::FoldedField);
        }
        only_text(line)?;
        let colon = memchr(b':', line).ok_or(WireRefusal::BadFieldName)?;
        let (name, value) = line.split_at(colon);
        match name {
            [] => return Err(WireRefusal::BadFieldName),
            [.., b' ' | b'\t'] => return Err(WireRefusal::SpaceBeforeColon),
            _ if !places::all(name, Place::Token) => {
                return Err(WireRefusal::BadFieldName);
            }
            _ => {}
        }
        let value = value.get(1..).unwrap_or_default().trim_ascii_start();
        let start = line.len() - value.len();
        let value = value.trim_ascii_end();
        self.note(name, value)?;
        Ok((name, start..start + value.len()))
    }

    fn note(&mut self, name: &[u8], value: &'h [u8]) -> Result<(), WireRefusal> {
        // Few fields matter, and their lengths tell most others apart.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.note_host(value),
            6 if name.eq_ignore_ascii_case(b"expect") && !value.eq_ignore_ascii_case(b"100-continue") => {
                Err(WireRefusal::UnknownExpectation)
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.upgrade = true;
                Ok(())
            }
            10 if name.eq_ignore_ascii_case(b"connection") => check_nominated(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.note_length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.note_encoding(value),
            // Gateways that hand fields on as variables take both for one.
            14 if name.eq_ignore_ascii_case(b"content_length") => Err(WireRefusal::LookAlike),
            17 if name.eq_ignore_ascii_case(b"transfer_encoding") => Err(WireRefusal::LookAlike),
            _ => Ok(()),
        }
    }

    fn note_host(&mut self, value: &'h [u8]) -> Result<(), WireRefusal> {
        if self.host.replace(value).is_some() {
            return Err(WireRefusal::RepeatedHost);
        }
        if is_authority(value) { Ok(()) } else { Err(WireRefusal::BadHost) }
    }

    fn note_length(&mut self, value: &[u8]) -> Result<(), WireRefusal> {
        let length = length(value).ok_or(WireRefusal::BadLength)?;
        if self.length.replace(length).is_some() { Err(WireRefusal::RepeatedLength) } else { Ok(()) }
    }

    fn note_encoding(&mut self, value: &[u8]) -> Result<(), WireRefusal> {
        if core::mem::replace(&mut self.chunked, true) {
            return Err(WireRefusal::RepeatedEncoding);
        }
        if value.eq_ignore_ascii_case(b"chunked") { Ok(()) } else { Err(WireRefusal::UnknownEncoding) }
    }

    /// Holds the fields against each other and against the request line.
    pub(super) fn settle(self, request: &RequestLine<'_>, length: usize) -> Result<Head, WireRefusal> {
        match (self.host, request.authority) {
            (None, _) if !request.is_http10 => return Err(WireRefusal::MissingHost),
            (Some(host), Some(authority)) if !host.eq_ignore_ascii_case(authority) => {
                return Err(WireRefusal::HostConflict);
            }
            _ => {}
        }
        let body = match (self.chunked, self.length) {
            (true, Some(_)) => return Err(WireRefusal::LengthAndEncoding),
            (true, None) if request.is_http10 => return Err(WireRefusal::EncodingInHttp10),
            (true, None) => Body::Chunked,
            (false, length) => Body::Length(length.unwrap_or(0)),
        };
        Ok(Head { body, upgrade: self.upgrade, length })
    }
}

/// Writes a line, its end included.
pub fn write_field(wire: &mut Vec<u8>, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
    for part in [name.as_ref(), b": ", value.as_ref(), b"\r\n"] {
        wire.extend_from_slice(part);
    }
}

/// What a `Content-Length` says.
pub fn length(value: &[u8]) -> Option<u64> {
    let digits = value.iter().all(u8::is_ascii_digit);
    let length = core::str::from_utf8(value).ok().filter(|_| digits)?.parse().ok()?;
    // Readers that know no larger number would wrap round.
    i64::try_from(length).is_ok().then_some(length)
}

/// Whether a field of this name tells of who stands before the peer.
pub fn is_told_by_proxies(name: &[u8]) -> bool {
    let begins = name.get(..FORWARDED.len()).is_some_and(|start| start.eq_ignore_ascii_case(FORWARDED));
    begins || is_one_of(name, &OF_PROXIES)
}

fn is_one_of(name: &[u8], names: &[&[u8]]) -> bool {
    names.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// Refuses a `Connection` that would have the backend miss what it must know.
fn check_nominated(value: &[u8]) -> Result<(), WireRefusal> {
    let mut names = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let found = names.any(|name| is_one_of(name, &FRAMING) || is_told_by_proxies(name));
    if found { Err(WireRefusal::NominatedField) } else { Ok(()) }
}
