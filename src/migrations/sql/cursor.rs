//! Going through the tokens of one statement.

use gate::ObjectName;
use sqlparser::ast::Ident;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// The tokens that are still to be read; what stands between them is gone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'t> {
    rest: &'t [TokenWithSpan],
}

impl<'t> Cursor<'t> {
    pub(super) const fn new(tokens: &'t [TokenWithSpan]) -> Self {
        Self { rest: tokens }
    }

    pub(super) const fn tokens(&self) -> &'t [TokenWithSpan] {
        self.rest
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The line of the next token within the statement, from 1.
    pub(super) fn line(&self) -> u64 {
        self.rest.first().map_or(1, |token| token.span.start.line)
    }

    pub(super) fn token(&mut self) -> Option<&'t Token> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(&first.token)
    }

    pub(super) fn peek(&self) -> Option<&'t Token> {
        self.rest.first().map(|token| &token.token)
    }

    /// Goes behind these words if they are next.
    pub(super) fn words(&mut self, words: &str) -> bool {
        let mut after = *self;
        let all = words.split(' ').all(|word| after.token().is_some_and(|token| is_word(token, word)));
        if all {
            *self = after;
        }
        all
    }

    /// Goes behind the first of these that is next.
    pub(super) fn any(&mut self, choices: &[&str]) -> bool {
        choices.iter().any(|words| self.words(words))
    }

    pub(super) fn mark(&mut self, mark: &Token) -> bool {
        let is_next = self.peek() == Some(mark);
        if is_next {
            self.token();
        }
        is_next
    }

    /// A name of one part, as PostgreSQL understands it.
    pub(super) fn ident(&mut self) -> Option<Box<str>> {
        let mut after = *self;
        let Some(Token::Word(word)) = after.token() else { return None };
        *self = after;
        understood(&word.value, word.quote_style.is_some())
    }

    /// A name with its schema where it has one.
    pub(super) fn name(&mut self) -> Option<ObjectName> {
        let mut parts = vec![self.ident()?];
        while self.mark(&Token::Period) {
            parts.push(self.ident()?);
        }
        qualified(&parts)
    }

    /// Names between commas.
    pub(super) fn names(&mut self) -> Option<Vec<ObjectName>> {
        let mut names = vec![self.name()?];
        while self.mark(&Token::Comma) {
            names.push(self.name()?);
        }
        Some(names)
    }

    /// Every name of one part that stands in it and is no call.
    pub(super) fn idents(self) -> Vec<Box<str>> {
        let mut idents = Vec::new();
        let mut rest = self;
        while !rest.is_empty() {
            match rest.ident() {
                Some(ident) => idents.extend((rest.peek() != Some(&Token::LParen)).then_some(ident)),
                None => drop(rest.token()),
            }
        }
        idents
    }

    pub(super) fn string(&mut self) -> Option<Box<str>> {
        match self.token()? {
            Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => Some(text.as_str().into()),
            _ => None,
        }
    }

    /// What stands in the parentheses that are next.
    pub(super) fn group(&mut self) -> Option<Self> {
        let mut inside = *self;
        if !inside.mark(&Token::LParen) {
            return None;
        }
        let end = inside.end_of_level();
        let (within, rest) = inside.rest.split_at_checked(end)?;
        let (_, rest) = rest.split_first()?;
        self.rest = rest;
        Some(Self { rest: within })
    }

    /// What stands between the commas that are in no parentheses.
    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        let mut rest = Some(self).filter(|all| !all.is_empty());
        std::iter::from_fn(move || {
            let mut item = rest.take()?;
            let (within, after) = item.rest.split_at_checked(item.end_of_item()).unwrap_or((item.rest, &[]));
            rest = after.split_first().map(|(_, after)| Self { rest: after });
            item.rest = within;
            Some(item)
        })
    }

    /// Where the words stand first outside of parentheses.
    pub(super) fn find(self, words: &str) -> Option<Self> {
        let mut depth = 0_usize;
        let mut cursor = self;
        while !cursor.is_empty() {
            if depth == 0 && { cursor }.words(words) {
                return Some(cursor);
            }
            depth = level(depth, cursor.token()?);
        }
        None
    }

    /// The tokens up to where `other`, a later place in the same statement, begins.
    pub(super) fn until(self, other: Self) -> Self {
        let length = self.rest.len().saturating_sub(other.rest.len());
        Self { rest: self.rest.get(..length).unwrap_or_default() }
    }

    fn end_of_item(self) -> usize {
        let mut depth = 0;
        let is_end = |token: &TokenWithSpan| {
            depth = level(depth, &token.token);
            depth == 0 && token.token == Token::Comma
        };
        self.rest.iter().position(is_end).unwrap_or(self.rest.len())
    }

    /// Where the parenthesis closes that is already behind.
    fn end_of_level(self) -> usize {
        let mut depth = 1;
        let is_end = |token: &TokenWithSpan| {
            depth = level(depth, &token.token);
            depth == 0
        };
        self.rest.iter().position(is_end).unwrap_or(self.rest.len())
    }
}

/// How deep it is behind `token`.
pub(super) const fn level(depth: usize, token: &Token) -> usize {
    match token {
        Token::LParen | Token::LBracket => depth + 1,
        Token::RParen | Token::RBracket => depth.saturating_sub(1),
        _ => depth,
    }
}

pub(super) fn is_word(token: &Token, expected: &str) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(expected))
}

/// The name that an identifier is to PostgreSQL; `None` if a tool puts something else in its place.
fn understood(value: &str, is_quoted: bool) -> Option<Box<str>> {
    if value.is_empty() || value.contains("${") || value.contains("{{") {
        return None;
    }
    let kept = value.get(..value.floor_char_boundary(ObjectName::LONGEST)).unwrap_or(value);
    Some(if is_quoted { kept.into() } else { kept.to_ascii_lowercase().into() })
}

/// The same of the parser's identifiers.
pub(super) fn plain(ident: &Ident) -> Option<Box<str>> {
    understood(&ident.value, ident.quote_style.is_some())
}

/// The same of the parser's names.
pub(super) fn plain_name(name: &sqlparser::ast::ObjectName) -> Option<ObjectName> {
    let parts: Option<Vec<Box<str>>> = name.0.iter().map(|part| plain(part.as_ident()?)).collect();
    qualified(&parts?)
}

/// A database's own name in front says nothing: a statement reaches no other.
fn qualified(parts: &[Box<str>]) -> Option<ObjectName> {
    match parts {
        [name] => Some(ObjectName::unqualified(name)),
        [schema, name] | [_, schema, name] => Some(ObjectName::qualified(schema, name)),
        _ => None,
    }
}
