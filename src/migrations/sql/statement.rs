//! What a statement is, by how it begins.

use gate::ledger::{Change, Reach};
use sqlparser::dialect::{PostgreSqlDialect, SQLiteDialect};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::cursor::Cursor;
use super::outcome::{Outcome, words_of};
use super::statements::Statement;
use super::{alter, block, create, object, rows};

/// Reads what follows a statement's first words; `None` if that is not understood.
pub(super) type Read = for<'t> fn(&mut Cursor<'t>, &mut Outcome) -> Option<()>;

/// Statements that leave everything as it is, for whoever else looks.
const NOTHING: &[&str] = &[
    "ABORT",
    "ALTER DATABASE",
    "ALTER DEFAULT PRIVILEGES",
    "ALTER GROUP",
    "ALTER ROLE",
    "ALTER SYSTEM",
    "ALTER USER",
    "ANALYZE",
    "BEGIN",
    "CHECKPOINT",
    "CLOSE",
    "CLUSTER",
    "COMMENT",
    "CREATE GROUP",
    "CREATE ROLE",
    "CREATE USER",
    "DEALLOCATE",
    "DECLARE",
    "DISCARD",
    "DROP GROUP",
    "DROP ROLE",
    "DROP USER",
    "FETCH",
    "GRANT",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MOVE",
    "NOTIFY",
    "PRAGMA",
    "REASSIGN",
    "REINDEX",
    "RELEASE",
    "REVOKE",
    "SAVEPOINT",
    "SECURITY",
    "SHOW",
    "START",
    "UNLISTEN",
    "VACUUM",
];

/// Statements that may do anything, and why.
const ANYTHING: &[(&str, &str)] = &[
    ("CALL", "it calls a procedure"),
    ("DROP OWNED", "what it drops depends on who owns it"),
    ("EXECUTE", "what it runs is put together elsewhere"),
    ("EXPLAIN", "it may run what it explains"),
    ("IMPORT", "another server says what is made"),
    ("PREPARE", "what it prepares may be run later"),
    ("ROLLBACK", "it takes back what came before it"),
];

const READERS: &[(&str, Read)] = &[
    ("ALTER", alter::read),
    ("COMMIT", rows::commit),
    ("COPY", rows::copy),
    ("CREATE", create::read),
    ("DELETE FROM", rows::delete),
    ("DO", block::read),
    ("DROP", object::drop),
    ("END", rows::commit),
    ("INSERT INTO", rows::insert),
    ("MERGE INTO", rows::merge),
    ("REFRESH MATERIALIZED VIEW", rows::refresh),
    ("REPLACE INTO", rows::insert),
    ("RESET", rows::reset),
    ("SELECT", rows::select),
    ("SET", rows::set),
    ("TABLE", rows::nothing),
    ("TRUNCATE", rows::truncate),
    ("UPDATE", rows::update),
    ("VALUES", rows::select),
    ("WITH", rows::with),
];

/// Adds what the statement does.
pub(super) fn read(statement: &Statement<'_>, outcome: &mut Outcome) {
    outcome.line = statement.line;
    let Some(tokens) = tokens(statement.text) else {
        let reach = Reach::Words(words_of(statement.text).collect());
        let why = "a string or a name in it does not end, or it is no SQL of PostgreSQL's".into();
        return outcome.push(Cursor::new(&[]), Change::Unread { why, reach });
    };
    let whole = Cursor::new(&tokens);
    if whole.is_empty() || NOTHING.iter().any(|words| { whole }.words(words)) {
        return;
    }
    if let Some((_, why)) = ANYTHING.iter().find(|(words, _)| { whole }.words(words)) {
        return outcome.push(whole, Change::Unread { why: (*why).into(), reach: Reach::Anything });
    }
    let kept = outcome.steps.len();
    let mut rest = whole;
    let read = READERS.iter().find(|(words, _)| rest.words(words));
    if read.and_then(|(_, read)| read(&mut rest, outcome)).is_none() {
        outcome.steps.truncate(kept);
        outcome.not_understood(whole);
    }
}

/// The tokens of a statement, without what stands between them.
fn tokens(text: &str) -> Option<Vec<TokenWithSpan>> {
    let postgres = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize_with_location();
    // Backticks are SQLite's.
    let is_odd = |token: &TokenWithSpan| token.token == Token::Char('`');
    let tokens = match postgres {
        Ok(tokens) if !tokens.iter().any(is_odd) => Ok(tokens),
        tokens if !text.contains('`') => tokens,
        _ => Tokenizer::new(&SQLiteDialect {}, text).tokenize_with_location(),
    };
    let mut tokens = tokens.ok()?;
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF));
    Some(tokens)
}
