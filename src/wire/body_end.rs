//! Where a body ends.

use super::chunks::Chunks;
use super::{Body, WireRefusal};

/// Follows a body to its end, whatever pieces it comes in.
#[derive(Debug, Clone)]
pub struct BodyEnd(State);

#[derive(Debug, Clone)]
enum State {
    Length(u64),
    Chunks(Chunks),
}

impl BodyEnd {
    /// The end of a body as [`super::inspect`] announced it.
    pub const fn of(body: Body) -> Self {
        Self(match body {
            Body::Length(left) => State::Length(left),
            Body::Chunked => State::Chunks(Chunks::new()),
        })
    }

    /// Whether nothing of the body is left.
    pub fn is_reached(&self) -> bool {
        match &self.0 {
            State::Length(left) => *left == 0,
            State::Chunks(chunks) => chunks.are_done(),
        }
    }

    /// Reads on, and says how many of these bytes belong to the body: fewer than all only at its end.
    pub fn read(&mut self, bytes: &[u8]) -> Result<usize, WireRefusal> {
        match &mut self.0 {
            State::Length(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left = left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
                Ok(taken)
            }
            State::Chunks(chunks) => chunks.read(bytes),
        }
    }
}
