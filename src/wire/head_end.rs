//! Where a head ends, while it arrives.

use memchr::memchr_iter;

use super::{Limits, WireRefusal};

/// What stands in a request line beside its target, at most.
const BESIDE_TARGET: usize = 64;

/// Finds the end of a head that arrives piece by piece, looking at each byte once.
///
/// What can end in no other way is refused before the end has come: nobody waits for the rest of a TLS handshake on
/// a plain port, or for an empty line that a bare line feed has already been.
#[derive(Debug, Default, Clone, Copy)]
pub struct HeadEnd {
    searched: usize,
    /// Whether the request line has come.
    has_line: bool,
}

impl HeadEnd {
    /// Looks at all that has come so far, which begins with what the last call was given. `Some`: as many bytes are
    /// the head, its empty line included, and those after it are not.
    pub fn find(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<usize>, WireRefusal> {
        if self.searched == 0
            && let Some(first) = bytes.first()
            && !matches!(first, b'A'..=b'Z' | b'\r')
        {
            return Err(if *first == b'\n' { WireRefusal::BareLf } else { WireRefusal::BadMethod });
        }
        let from = self.searched;
        self.searched = bytes.len();
        for at in memchr_iter(b'\n', bytes.get(from..).unwrap_or_default()).map(|at| from + at) {
            let (before, _) = bytes.split_at_checked(at).unwrap_or_default();
            let Some(line) = before.strip_suffix(b"\r") else { return Err(WireRefusal::BareLf) };
            // An empty line may come before it.
            self.has_line |= at > 1;
            if line.ends_with(b"\n") {
                return if at < limits.head { Ok(Some(at + 1)) } else { Err(WireRefusal::HeadTooLarge) };
            }
        }
        if bytes.len() >= limits.target + BESIDE_TARGET && !self.has_line {
            return Err(WireRefusal::TargetTooLong);
        }
        if bytes.len() >= limits.head { Err(WireRefusal::HeadTooLarge) } else { Ok(None) }
    }
}
