//! A head over HTTP/1, as whoever decides, answers or notes a request reads it.

use http::{Method, Version};

use crate::head::{Fields, RequestHead};
use crate::wire::Parts;

/// A head that was inspected.
#[derive(Debug)]
pub(super) struct Lines<'h> {
    pub(super) parts: Parts<'h>,
    method: Method,
    path: &'h str,
}

impl<'h> Lines<'h> {
    /// `None` where its target is no path in ASCII, as those of nearly all requests are.
    pub(super) fn of(parts: Parts<'h>) -> Option<Self> {
        let target = parts.target();
        let path = target.split(|byte| *byte == b'?').next().unwrap_or(target);
        let path = core::str::from_utf8(path).ok().filter(|path| path.starts_with('/'))?;
        let method = Method::from_bytes(parts.method()).ok()?;
        target.is_ascii().then_some(Self { parts, method, path })
    }

    pub(super) fn head(&self) -> RequestHead<'_> {
        RequestHead {
            method: &self.method,
            target: self.parts.target(),
            path: self.path,
            authority: None,
            version: if self.parts.is_http10() { Version::HTTP_10 } else { Version::HTTP_11 },
            fields: Fields::Parts(self.parts),
        }
    }
}
