//! Where something stands in the file.

use std::ops::Range;

/// Bytes of the file that something stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Something and where it stands; a default stands nowhere.
#[derive(Debug, Clone)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) place: Option<Place>,
}

impl Place {
    pub(crate) const fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// The same bytes in `text`: within it, and on the borders of characters.
    pub(crate) fn within(self, text: &str) -> Self {
        let mut start = self.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = self.end.clamp(start, text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        Self { start, end }
    }

    /// Line and column, both from one; columns are characters.
    pub(crate) fn line_and_column(self, text: &str) -> (usize, usize) {
        let before = text.get(..self.within(text).start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

impl From<Range<usize>> for Place {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}
