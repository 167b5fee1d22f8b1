//! What was read of a file so far.

use std::collections::BTreeSet;

use gate::ObjectName;
use gate::ledger::{Change, Reach, Step};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::cursor::Cursor;

#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) steps: Vec<Step>,
    /// The line of the statement that is being read.
    pub(super) line: u32,
    /// Temporary tables: they end with the session, and nothing done to them matters.
    pub(super) temporary: BTreeSet<Box<str>>,
    /// Whether the search path is set up to the transaction's end.
    pub(super) has_local_path: bool,
    /// Whether what is there already stays, as in a block that ignores `duplicate_object`.
    pub(super) lenient: bool,
}

impl Outcome {
    /// Adds a change that stands where `at` begins.
    pub(super) fn push(&mut self, at: Cursor<'_>, change: Change) {
        let within = u32::try_from(at.line()).unwrap_or(u32::MAX).saturating_sub(1);
        if !relation(&change).is_some_and(|name| self.is_temporary(name)) {
            self.steps.push(Step { change, line: self.line.saturating_add(within) });
        }
    }

    pub(super) fn is_temporary(&self, name: &ObjectName) -> bool {
        self.temporary.contains(name.name()) && name.schema().is_none_or(|schema| schema == "pg_temp")
    }

    /// Adds that this part of a statement is not understood.
    pub(super) fn not_understood(&mut self, part: Cursor<'_>) {
        self.not_understood_of(part, None);
    }

    /// The same of what is done to that relation.
    pub(super) fn not_understood_of(&mut self, part: Cursor<'_>, relation: Option<&ObjectName>) {
        let mut words = words(part.tokens());
        words.extend(relation.map(|name| name.name().into()));
        let reach = Reach::Words(words);
        self.push(part, Change::Unread { why: format!("`{}` is not understood", beginning(part)).into(), reach });
    }
}

/// The relation that a change is of.
fn relation(change: &Change) -> Option<&ObjectName> {
    match change {
        Change::DropRelation { name } | Change::RenameRelation { name, .. } | Change::AlterRelation { name, .. } => {
            Some(name)
        }
        Change::AddColumn { table, .. }
        | Change::DropColumn { table, .. }
        | Change::RenameColumn { table, .. }
        | Change::ColumnType { table, .. }
        | Change::ColumnNull { table, .. }
        | Change::AddConstraint { table, .. }
        | Change::DropConstraint { table, .. }
        | Change::CreateIndex { table, .. }
        | Change::Rows { table, .. } => Some(table),
        _ => None,
    }
}

/// Tokens of a statement that are shown of it.
const SHOWN: usize = 8;

/// How it begins, for people.
pub(super) fn beginning(part: Cursor<'_>) -> String {
    let mut shown = String::new();
    for token in part.tokens().iter().take(SHOWN).map(|token| &token.token) {
        let is_tight = matches!(token, Token::Period | Token::Comma | Token::RParen) || shown.ends_with(['.', '(']);
        if !is_tight && !shown.is_empty() {
            shown.push(' ');
        }
        let text = match token {
            Token::DollarQuotedString(_) => "$$ … $$".to_owned(),
            token => token.to_string(),
        };
        match text.char_indices().nth(40) {
            Some((end, _)) => {
                shown.push_str(text.get(..end).unwrap_or_default());
                shown.push('…');
            }
            None => shown.push_str(&text),
        }
    }
    if part.tokens().len() > SHOWN {
        shown.push_str(" …");
    }
    shown
}

/// Every word that can be a name, also those within strings.
pub(super) fn words(tokens: &[TokenWithSpan]) -> BTreeSet<Box<str>> {
    let mut words = BTreeSet::new();
    for token in tokens {
        match &token.token {
            Token::Word(word) => {
                words.insert(word.value.as_str().into());
                words.extend(words_of(&word.value));
            }
            Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => {
                words.insert(text.as_str().into());
                words.extend(words_of(text));
            }
            Token::DollarQuotedString(text) => words.extend(words_of(&text.value)),
            _ => {}
        }
    }
    words
}

/// The words of a text, as they stand and in lower case.
pub(super) fn words_of(text: &str) -> impl Iterator<Item = Box<str>> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').filter(|word| !word.is_empty());
    words.flat_map(|word| [word.into(), word.to_ascii_lowercase().into()])
}
