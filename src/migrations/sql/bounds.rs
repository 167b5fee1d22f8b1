//! What is handed to `sqlparser`, and what is too much for it.
//!
//! Its parser goes down with the nesting, and what it makes is taken apart again by a function
//! that calls itself; a chain like `1+1+1+…` makes a tree as deep as it is long. So the depth is
//! limited here, before anything is built.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::cursor::{Cursor, is_word, level};

/// Parentheses within parentheses.
const DEEPEST: usize = 30;

/// Tokens without a comma between them, over all open parentheses.
const LONGEST_CHAIN: usize = 800;

/// Reads all of `part`; `None` if it is not understood to its end.
pub(super) fn parse<T>(
    part: Cursor<'_>,
    read: impl FnOnce(&mut Parser<'static>) -> Result<T, ParserError>,
) -> Option<T> {
    if is_too_much(part.tokens()) {
        return None;
    }
    let mut parser = Parser::new(&PostgreSqlDialect {})
        .with_recursion_limit(DEEPEST * 2)
        .with_tokens_with_locations(without_the_unknown(part));
    let found = read(&mut parser).ok()?;
    (parser.peek_token_ref().token == Token::EOF).then_some(found)
}

/// What PostgreSQL allows in a column, the parser does not know, and makes no difference here.
const UNKNOWN: &[(&str, &[&str])] =
    &[("STORAGE", &["PLAIN", "EXTERNAL", "EXTENDED", "MAIN", "DEFAULT"]), ("COMPRESSION", &["PGLZ", "LZ4", "DEFAULT"])];

fn without_the_unknown(part: Cursor<'_>) -> Vec<TokenWithSpan> {
    let mut known = Vec::with_capacity(part.tokens().len());
    let mut rest = part;
    while let Some(token) = rest.tokens().first() {
        let mut after = rest;
        if UNKNOWN.iter().any(|(word, values)| after.words(word) && after.any(values)) {
            rest = after;
            continue;
        }
        known.push(token.clone());
        rest.token();
        // The options of an identity's sequence.
        if is_word(&token.token, "IDENTITY") {
            rest.group();
        }
    }
    known
}

fn is_too_much(tokens: &[TokenWithSpan]) -> bool {
    let mut chains = vec![0_usize];
    let mut in_all = 0;
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        let before = depth;
        depth = level(depth, &token.token);
        if depth > before {
            chains.push(0);
        } else if depth < before {
            in_all -= chains.pop().unwrap_or_default();
        } else if token.token == Token::Comma {
            in_all -= chains.last_mut().map(std::mem::take).unwrap_or_default();
        }
        if let Some(chain) = chains.last_mut() {
            *chain += 1;
            in_all += 1;
        }
        // `ARRAY<ARRAY<…` is of other databases, and its nesting is not counted by the parser.
        let is_generic = token.token == Token::Lt
            && at
                .checked_sub(1)
                .and_then(|before| tokens.get(before))
                .is_some_and(|token| is_word(&token.token, "ARRAY"));
        if depth > DEEPEST || in_all > LONGEST_CHAIN || is_generic {
            return true;
        }
    }
    false
}
