//! A body in chunks (RFC 9112, section 7.1).
//!
//! pingora reads these too, and sends them on in chunks of its own. What it reads more kindly than others do is refused
//! here: a line feed within an extension, a size that is missing, a trailer that is none.

use super::places::{self, Place};
use super::{WireRefusal, misplaced};

/// The longest line with a chunk's size and its extensions.
const LONGEST_HEAD: usize = 256;
/// Extensions of all chunks together: a byte a chunk with a long extension each would cost much and carry nothing.
const MOST_EXTENSIONS: usize = 16 * 1024;
/// All trailers together, of a request and of an answer.
const MOST_TRAILERS: usize = 16 * 1024;
const MOST_TRAILERS_OF_ANSWER: usize = 64 * 1024;
/// Digits of a size: more than any body has, and fewer than overflow.
const MOST_DIGITS: u8 = 15;

/// Follows chunks to their end.
#[derive(Debug, Clone)]
pub(super) struct Chunks {
    at: At,
    /// Bytes of the line that is being read.
    line: usize,
    extensions: usize,
    trailers: usize,
    /// Bytes of the chunks themselves.
    carried: u64,
    /// Whether a client sends them.
    of_request: bool,
}

/// What the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Of a chunk's size, of which so many digits have come.
    Size { size: u64, digits: u8 },
    /// Between a size and the extension after it.
    Blank { size: u64 },
    /// Of an extension.
    Extension { size: u64 },
    /// The line feed after a size.
    SizeEnd { size: u64 },
    /// Of a chunk, of which so much is left.
    Data { left: u64 },
    /// The carriage return after a chunk.
    DataReturn,
    /// The line feed after a chunk.
    DataEnd,
    /// The first of a trailer, or of the end.
    TrailerStart,
    /// Of a trailer's name.
    TrailerName,
    /// Of a trailer's value.
    TrailerValue,
    /// The line feed after a trailer.
    TrailerEnd,
    /// The last line feed.
    LastEnd,
    /// Of what follows the body.
    Done,
}

impl Chunks {
    /// Servers may pad a size with blanks, as some do that are older than the rule against it.
    pub(super) const fn new(of_request: bool) -> Self {
        Self { at: At::Size { size: 0, digits: 0 }, line: 0, extensions: 0, trailers: 0, carried: 0, of_request }
    }

    pub(super) fn carried(&self) -> u64 {
        self.carried
    }

    pub(super) fn are_done(&self) -> bool {
        self.at == At::Done
    }

    /// Whether the last one has come.
    fn are_over(&self) -> bool {
        use At::{Done, LastEnd, TrailerEnd, TrailerName, TrailerStart, TrailerValue};
        matches!(self.at, TrailerStart | TrailerName | TrailerValue | TrailerEnd | LastEnd | Done)
    }

    /// As [`super::BodyEnd::read`].
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<usize, WireRefusal> {
        self.read_until(bytes, Self::are_done)
    }

    /// The same up to the last chunk, whose own line belongs to it.
    pub(super) fn read_to_last(&mut self, bytes: &[u8]) -> Result<usize, WireRefusal> {
        self.read_until(bytes, Self::are_over)
    }

    fn read_until(&mut self, bytes: &[u8], is_reached: fn(&Self) -> bool) -> Result<usize, WireRefusal> {
        let mut rest = bytes;
        while !is_reached(self) {
            if let At::Data { left } = self.at {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                rest = rest.get(taken..).unwrap_or_default();
                let taken = u64::try_from(taken).unwrap_or(u64::MAX);
                self.carried += taken;
                let left = left.saturating_sub(taken);
                self.at = if left == 0 { At::DataReturn } else { At::Data { left } };
            }
            let [byte, after @ ..] = rest else { break };
            self.at = self.next(*byte)?;
            rest = after;
        }
        Ok(bytes.len() - rest.len())
    }

    fn next(&mut self, byte: u8) -> Result<At, WireRefusal> {
        match (self.at, byte) {
            (At::Size { size, digits }, _) => self.size(size, digits, byte),
            (At::Blank { size }, b' ' | b'\t') => self.extend(At::Blank { size }),
            (At::Blank { size }, b';') => self.extend(At::Extension { size }),
            (At::Blank { size }, b'\r') if !self.of_request => Ok(At::SizeEnd { size }),
            (At::Blank { .. }, _) => Err(WireRefusal::BadChunkSize),
            (At::Extension { size }, b'\r') => Ok(At::SizeEnd { size }),
            (At::Extension { size }, _) => match misplaced(byte) {
                Some(refusal) => Err(refusal),
                None => self.extend(At::Extension { size }),
            },
            (At::SizeEnd { size: 0 }, b'\n') => Ok(At::TrailerStart),
            (At::SizeEnd { size }, b'\n') => {
                self.line = 0;
                Ok(At::Data { left: size })
            }
            (At::SizeEnd { .. } | At::TrailerEnd | At::LastEnd, _) if byte != b'\n' => Err(WireRefusal::BareCr),
            (At::DataReturn, b'\r') => Ok(At::DataEnd),
            (At::DataEnd, b'\n') => Ok(At::Size { size: 0, digits: 0 }),
            (At::DataReturn | At::DataEnd, _) => Err(WireRefusal::BadChunkEnd),
            (At::TrailerStart, b'\r') => Ok(At::LastEnd),
            (At::TrailerName, b':') => self.trail(At::TrailerValue),
            (At::TrailerStart | At::TrailerName, _) if places::stands(byte, Place::Token) => {
                self.trail(At::TrailerName)
            }
            (At::TrailerStart | At::TrailerName, _) => Err(misplaced(byte).unwrap_or(WireRefusal::BadTrailer)),
            (At::TrailerValue, b'\r') => Ok(At::TrailerEnd),
            (At::TrailerValue, _) => match misplaced(byte) {
                Some(refusal) => Err(refusal),
                None => self.trail(At::TrailerValue),
            },
            (At::TrailerEnd, _) => Ok(At::TrailerStart),
            (At::LastEnd, _) => Ok(At::Done),
            (state @ (At::Data { .. } | At::Done | At::SizeEnd { .. }), _) => Ok(state),
        }
    }

    fn size(&mut self, size: u64, digits: u8, byte: u8) -> Result<At, WireRefusal> {
        let digit = char::from(byte).to_digit(16);
        match (digit, byte) {
            (Some(_), _) if digits == MOST_DIGITS => Err(WireRefusal::BadChunkSize),
            (Some(digit), _) => Ok(At::Size { size: size << 4 | u64::from(digit), digits: digits + 1 }),
            (None, _) if digits == 0 => Err(WireRefusal::BadChunkSize),
            (None, b'\r') => Ok(At::SizeEnd { size }),
            (None, b' ' | b'\t') => self.extend(At::Blank { size }),
            (None, b';') => self.extend(At::Extension { size }),
            (None, _) => Err(misplaced(byte).unwrap_or(WireRefusal::BadChunkSize)),
        }
    }

    /// Counts a byte of an extension.
    fn extend(&mut self, next: At) -> Result<At, WireRefusal> {
        self.line += 1;
        self.extensions += 1;
        let too_many = self.of_request && self.extensions > MOST_EXTENSIONS;
        let too_long = too_many || self.line > LONGEST_HEAD;
        if too_long { Err(WireRefusal::ChunkExtensions) } else { Ok(next) }
    }

    /// Counts a byte of a trailer.
    fn trail(&mut self, next: At) -> Result<At, WireRefusal> {
        self.trailers += 1;
        let most = if self.of_request { MOST_TRAILERS } else { MOST_TRAILERS_OF_ANSWER };
        if self.trailers > most { Err(WireRefusal::TrailersTooLarge) } else { Ok(next) }
    }
}
