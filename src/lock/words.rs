//! What the values of indexes and constraints say.

/// What is said of an index: whether it is unique, and whether it is valid.
pub(super) const INDEXES: [(&str, (bool, bool)); 4] = [
    ("index", (false, true)),
    ("unique index", (true, true)),
    ("index, not valid", (false, false)),
    ("unique index, not valid", (true, false)),
];

/// What is said of a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// A unique constraint or a primary key: a unique index of its name goes with it, and is not
    /// listed by itself.
    Unique,
    /// It holds for every row.
    Valid,
    /// Rows that were there before it may break it.
    NotValid,
}

pub(super) const CONSTRAINTS: [(&str, Word); 3] =
    [("unique", Word::Unique), ("valid", Word::Valid), ("not valid", Word::NotValid)];

/// The word for a value.
pub(super) fn word<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    words.iter().find(|(_, meaning)| meaning == value).map_or("", |(word, _)| word)
}
