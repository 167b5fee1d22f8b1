//! Where a body in chunks ends (RFC 9112, section 7.1).

/// Follows a body in chunks to its end. What is in it is pingora's to read; here is known alone
/// where the next request begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunks {
    /// In a chunk's size.
    Size { digits: u8, size: u64 },
    /// In what stands behind the size.
    Extension { size: u64 },
    /// Before the line feed of a size.
    SizeEnd { size: u64 },
    /// In a chunk with so many bytes to come.
    Data(u64),
    /// Behind a chunk.
    DataEnd,
    /// Before the line feed behind a chunk.
    DataFeed,
    /// In a trailer's line, which is empty so far or not.
    Trailer { empty: bool },
    /// Before the line feed of a trailer's line.
    TrailerEnd { empty: bool },
    /// The body has come to its end.
    Done,
    /// It is none: nobody knows where it ends.
    Broken,
}

/// The digits of the largest size that is believed.
const DIGITS: u8 = 15;

impl Chunks {
    /// At the beginning of a body.
    pub(super) const START: Self = Self::Size { digits: 0, size: 0 };

    /// Goes on over `bytes`: how many of them belong to the body.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while let Some((first, behind)) = rest.split_first() {
            match *self {
                Self::Done => break,
                Self::Broken => return bytes.len(),
                Self::Data(size) => {
                    let taken = usize::try_from(size).unwrap_or(usize::MAX).min(rest.len());
                    rest = rest.get(taken..).unwrap_or_default();
                    let left = size - taken as u64;
                    *self = if left == 0 { Self::DataEnd } else { Self::Data(left) };
                }
                state => {
                    *self = state.after(*first);
                    rest = behind;
                }
            }
        }
        bytes.len() - rest.len()
    }

    const fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Size { digits, size }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if digits < DIGITS => {
                let digit = match byte {
                    b'0'..=b'9' => byte - b'0',
                    _ => (byte | 0x20) - b'a' + 10,
                };
                Self::Size { digits: digits + 1, size: size << 4 | digit as u64 }
            }
            (Self::Size { digits: 1.., size } | Self::Extension { size }, b'\r') => Self::SizeEnd { size },
            (Self::Size { digits: 1.., size }, b';' | b' ' | b'\t') => Self::Extension { size },
            (Self::Extension { size }, byte) if byte != b'\n' => Self::Extension { size },
            (Self::SizeEnd { size: 0 } | Self::TrailerEnd { empty: false }, b'\n') => {
                Self::Trailer { empty: true }
            }
            (Self::SizeEnd { size }, b'\n') => Self::Data(size),
            (Self::DataEnd, b'\r') => Self::DataFeed,
            (Self::DataFeed, b'\n') => Self::START,
            (Self::Trailer { empty }, b'\r') => Self::TrailerEnd { empty },
            (Self::Trailer { .. }, byte) if byte != b'\n' => Self::Trailer { empty: false },
            (Self::TrailerEnd { empty: true }, b'\n') => Self::Done,
            _ => Self::Broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scans in pieces of so many bytes: what belongs to the body, and how it ended.
    fn scan(bytes: &[u8], piece: usize) -> (usize, Chunks) {
        let mut chunks = Chunks::START;
        let used = bytes.chunks(piece).map(|piece| chunks.scan(piece)).sum();
        (used, chunks)
    }

    #[test]
    fn the_end_is_found_however_the_bytes_come() {
        for body in [
            "0\r\n\r\n",
            "4\r\nbody\r\n0\r\n\r\n",
            "1\r\nb\r\n0003;a=b\r\nody\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n",
            "a \r\n\r\n0\r\n\r\n0\r\r\n0\r\n\r\n",
        ] {
            let with_more = format!("{body}GET / HTTP/1.1\r\n");
            for piece in 1..with_more.len() {
                assert_eq!(scan(with_more.as_bytes(), piece), (body.len(), Chunks::Done), "{body:?} by {piece}");
            }
        }
    }

    #[test]
    fn what_is_no_chunk_has_no_end() {
        for body in
            ["\r\n", "x\r\n", "4\nbody\r\n", "4\r\nbodyX\r\n0\r\n\r\n", "ffffffffffffffff\r\n", "0\r\n\n", "1;\nb\r\n"]
        {
            assert_eq!(scan(body.as_bytes(), 3), (body.len(), Chunks::Broken), "{body:?}");
        }
    }
}
