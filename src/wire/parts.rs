//! A head that was inspected, part by part.

use memchr::memchr;

use super::line;

/// A head that [`super::inspect`] found nothing wrong with, part by part.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'h> {
    /// As it was sent.
    pub method: &'h str,
    /// As it was sent.
    pub target: &'h str,
    /// `HTTP/1.1` or `HTTP/1.0`.
    pub version: &'h str,
    fields: &'h [u8],
}

impl<'h> Parts<'h> {
    /// `None` where it was not inspected.
    pub fn of(head: &'h [u8]) -> Option<Self> {
        let (request, fields) = line(head.strip_prefix(b"\r\n").unwrap_or(head)).ok()?;
        let (method, rest) = core::str::from_utf8(request).ok()?.split_once(' ')?;
        let (target, version) = rest.split_at_checked(rest.len().checked_sub(" HTTP/1.1".len())?)?;
        Some(Self { method, target, version: version.strip_prefix(' ')?, fields })
    }

    /// Its fields in the order of their coming, each with its value.
    pub fn fields(&self) -> impl Iterator<Item = (&'h [u8], &'h [u8])> + use<'h> {
        let mut rest = self.fields;
        std::iter::from_fn(move || {
            let (line, after) = line(rest).ok()?;
            rest = after;
            let (name, value) = line.split_at_checked(memchr(b':', line)?)?;
            Some((name, value.get(1..)?.trim_ascii()))
        })
    }

    /// What `Host` says.
    pub fn host(&self) -> Option<&'h str> {
        let (_, host) = self.fields().find(|(name, _)| name.eq_ignore_ascii_case(b"host"))?;
        core::str::from_utf8(host).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_as_it_was_sent() {
        let head = b"\r\nGET /a?b HTTP/1.1\r\nAccept:*/*\r\nhOsT: \t example.com \r\nX-Empty:\r\nX: \xc3\xa9:1\r\n\r\n";
        let parts = Parts::of(head).expect("a head");
        assert_eq!((parts.method, parts.target, parts.version), ("GET", "/a?b", "HTTP/1.1"));
        let fields: Vec<_> = parts.fields().collect();
        let expected: [(&[u8], &[u8]); 4] =
            [(b"Accept", b"*/*"), (b"hOsT", b"example.com"), (b"X-Empty", b""), (b"X", b"\xc3\xa9:1")];
        assert_eq!(fields, expected);
        assert_eq!(parts.host(), Some("example.com"));
    }

    #[test]
    fn a_head_without_fields_has_none() {
        let parts = Parts::of(b"GET / HTTP/1.0\r\n\r\n").expect("a head");
        assert_eq!((parts.fields().count(), parts.host()), (0, None));
        assert!(Parts::of(b"GET / HTTP/1.0").is_none());
    }
}
