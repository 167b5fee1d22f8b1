//! `DO` blocks: a program, but for the plainest.
//!
//! Older Drizzle and many hands write `DO $$ BEGIN <statement>; EXCEPTION WHEN duplicate_object
//! THEN null; END $$`: what the statement makes is there afterwards in any case.

use gate::ledger::{Change, Reach};
use sqlparser::tokenizer::Token;

use super::cursor::{Cursor, is_word};
use super::outcome::{Outcome, words};
use super::statement;
use super::statements::{self, Statement};

const WHY: &str = "it is a block of program";

pub(super) fn read(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    let mut body = None;
    let mut is_plpgsql = true;
    while let Some(token) = rest.token() {
        match token {
            Token::DollarQuotedString(text) => body = Some(text.value.as_str()),
            Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => body = Some(text.as_str()),
            token if is_word(token, "LANGUAGE") => is_plpgsql = rest.ident().is_some_and(|name| &*name == "plpgsql"),
            _ => return None,
        }
    }
    let body = body?;
    let line = outcome.line;
    let kept = outcome.steps.len();
    let lenient = outcome.lenient;
    if is_plpgsql && plain(body, outcome).is_some() {
        (outcome.line, outcome.lenient) = (line, lenient);
        return Some(());
    }
    outcome.steps.truncate(kept);
    (outcome.line, outcome.lenient) = (line, lenient);
    let reach =
        if !is_plpgsql || puts_names_together(body) { Reach::Anything } else { Reach::Words(words(start.tokens())) };
    outcome.push(start, Change::Unread { why: WHY.into(), reach });
    Some(())
}

/// Reads a block that only runs statements; `None` if it is more than that.
fn plain(body: &str, outcome: &mut Outcome) -> Option<()> {
    let all: Vec<Statement<'_>> = statements::split(body, outcome.line).collect();
    let (first, rest) = all.split_first()?;
    let (last, rest) = rest.split_last()?;
    is(last.text, "END").then_some(())?;
    let begun = after(first.text, "BEGIN")?;
    let skipped = first.text.get(..first.text.len() - begun.len())?.matches('\n').count();
    let first = Statement { text: begun, line: first.line + u32::try_from(skipped).ok()? };
    let handler = rest.iter().position(|statement| after(statement.text, "EXCEPTION").is_some());
    let (run, handled) = rest.split_at_checked(handler.unwrap_or(rest.len()))?;
    outcome.lenient |= handler.is_some();
    handled.iter().all(|statement| ignores_duplicates(statement.text)).then_some(())?;
    let kept = outcome.steps.len();
    for found in [&first].into_iter().chain(run).filter(|statement| !is_said(statement.text)) {
        statement::read(found, outcome);
    }
    let new = outcome.steps.get(kept..)?;
    new.iter().all(|step| !matches!(step.change, Change::Unread { .. })).then_some(())
}

/// `EXCEPTION WHEN duplicate_object THEN null`, or what says so to the console.
fn ignores_duplicates(text: &str) -> bool {
    if is_said(text) {
        return true;
    }
    let text = after(text, "EXCEPTION").unwrap_or(text);
    let Some(text) = after(text, "WHEN") else { return false };
    let mut words = text.split_whitespace();
    let conditions: Vec<&str> = words.by_ref().take_while(|word| !word.eq_ignore_ascii_case("then")).collect();
    let then = words.next().unwrap_or_default();
    conditions.iter().all(|word| word.starts_with("duplicate_") || word.eq_ignore_ascii_case("or"))
        && (then.eq_ignore_ascii_case("null") && words.next().is_none() || then.eq_ignore_ascii_case("raise"))
}

/// Whether it only tells the console something.
fn is_said(text: &str) -> bool {
    ["NOTICE", "INFO", "WARNING", "LOG", "DEBUG"].iter().any(|level| after(text, &format!("RAISE {level}")).is_some())
}

/// Whether a name can stand in no word of it: a statement that is a computed text, or a call.
fn puts_names_together(body: &str) -> bool {
    let mut words = body.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| ["execute", "perform", "call"].iter().any(|called| word.eq_ignore_ascii_case(called)))
}

/// What follows these words.
fn after<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    let mut rest = text;
    for word in words.split(' ') {
        (is(statements::word(rest), word)).then_some(())?;
        rest = rest.get(word.len()..)?.trim_start();
    }
    Some(rest)
}

fn is(text: &str, word: &str) -> bool {
    text.eq_ignore_ascii_case(word)
}
