//! Where a body ends.

use super::chunks::Chunks;
use super::{Body, WireRefusal};

/// Follows a body to its end, whatever pieces it comes in.
#[derive(Debug, Clone)]
pub struct BodyEnd(State);

#[derive(Debug, Clone)]
enum State {
    Length { whole: u64, left: u64 },
    Chunks(Chunks),
}

impl BodyEnd {
    /// The end of a body as [`super::inspect`] announced it.
    pub const fn of(body: Body) -> Self {
        Self::new(body, true)
    }

    /// The same of an answer's body.
    pub const fn of_answer(body: Body) -> Self {
        Self::new(body, false)
    }

    const fn new(body: Body, of_request: bool) -> Self {
        Self(match body {
            Body::Length(whole) => State::Length { whole, left: whole },
            Body::Chunked => State::Chunks(Chunks::new(of_request)),
        })
    }

    /// How many bytes have come of what the body carries.
    pub fn carried(&self) -> u64 {
        match &self.0 {
            State::Length { whole, left } => whole - left,
            State::Chunks(chunks) => chunks.carried(),
        }
    }

    /// How many more bytes are to come, where that is known.
    pub const fn left(&self) -> Option<u64> {
        match &self.0 {
            State::Length { left, .. } => Some(*left),
            State::Chunks(_) => None,
        }
    }

    /// Whether nothing of the body is left.
    pub fn is_reached(&self) -> bool {
        match &self.0 {
            State::Length { left, .. } => *left == 0,
            State::Chunks(chunks) => chunks.are_done(),
        }
    }

    /// Reads on, and says how many of these bytes come before any trailer, and how many belong to the body at all.
    pub fn read_to_trailers(&mut self, bytes: &[u8]) -> Result<(usize, usize), WireRefusal> {
        let before = match &mut self.0 {
            State::Length { .. } => self.read(bytes)?,
            State::Chunks(chunks) => chunks.read_to_last(bytes)?,
        };
        let trailers = self.read(bytes.get(before..).unwrap_or_default())?;
        Ok((before, before + trailers))
    }

    /// Reads on, and says how many of these bytes belong to the body: fewer than all only at its end.
    pub fn read(&mut self, bytes: &[u8]) -> Result<usize, WireRefusal> {
        match &mut self.0 {
            State::Length { left, .. } => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left = left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
                Ok(taken)
            }
            State::Chunks(chunks) => chunks.read(bytes),
        }
    }
}
