//! Reading and writing rows, and settings.

use gate::RelationKind;
use gate::ledger::{Change, Existing, NewRelation, Reach};
use sqlparser::tokenizer::Token;

use super::cursor::{Cursor, is_word};
use super::outcome::Outcome;

/// Words before a parenthesis that call no function, and functions that touch no schema.
const HARMLESS: &[&str] = &[
    "all",
    "and",
    "any",
    "array",
    "array_agg",
    "array_length",
    "as",
    "avg",
    "between",
    "bool_and",
    "bool_or",
    "by",
    "case",
    "cast",
    "ceil",
    "char_length",
    "clock_timestamp",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "currval",
    "current_setting",
    "date_part",
    "date_trunc",
    "distinct",
    "else",
    "exists",
    "except",
    "extract",
    "floor",
    "format",
    "from",
    "gen_random_uuid",
    "generate_series",
    "greatest",
    "having",
    "in",
    "intersect",
    "is",
    "join",
    "json_agg",
    "json_build_object",
    "jsonb_agg",
    "jsonb_build_object",
    "jsonb_set",
    "lastval",
    "lateral",
    "least",
    "left",
    "length",
    "like",
    "lower",
    "ltrim",
    "make_date",
    "make_interval",
    "materialized",
    "max",
    "md5",
    "min",
    "not",
    "now",
    "nextval",
    "nullif",
    "numeric",
    "on",
    "or",
    "over",
    "partition",
    "pg_advisory_lock",
    "pg_advisory_unlock",
    "pg_advisory_xact_lock",
    "pg_notify",
    "pg_sleep",
    "pg_try_advisory_lock",
    "random",
    "regexp_replace",
    "repeat",
    "replace",
    "right",
    "round",
    "row",
    "row_number",
    "rtrim",
    "select",
    "set_config",
    "setval",
    "some",
    "split_part",
    "statement_timestamp",
    "strpos",
    "string_agg",
    "substring",
    "sum",
    "then",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_regclass",
    "to_timestamp",
    "trim",
    "union",
    "unnest",
    "upper",
    "using",
    "uuid_generate_v4",
    "values",
    "varchar",
    "version",
    "when",
    "where",
    "with",
];

/// Why a call is not told.
const CALLS: &str = "it calls a function that may do anything";

pub(super) fn nothing(_: &mut Cursor<'_>, _: &mut Outcome) -> Option<()> {
    Some(())
}

pub(super) fn insert(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    written(rest, outcome, "INSERT")
}

pub(super) fn update(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    written(rest, outcome, "UPDATE")
}

pub(super) fn delete(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    written(rest, outcome, "DELETE")
}

pub(super) fn merge(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    written(rest, outcome, "MERGE")
}

pub(super) fn refresh(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    rest.words("CONCURRENTLY");
    let start = *rest;
    outcome.push(start, Change::AlterRelation { name: rest.name()?, how: "REFRESH".into() });
    Some(())
}

pub(super) fn copy(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    if rest.peek() == Some(&Token::LParen) {
        return Some(());
    }
    written(rest, outcome, "COPY")
}

pub(super) fn truncate(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    rest.words("TABLE");
    for mut item in rest.items() {
        written(&mut item, outcome, "TRUNCATE")?;
    }
    Some(())
}

fn written(rest: &mut Cursor<'_>, outcome: &mut Outcome, how: &'static str) -> Option<()> {
    rest.words("ONLY");
    let start = *rest;
    let table = rest.name()?;
    outcome.push(start, Change::Rows { table, how });
    Some(())
}

/// A query on its own: of no effect but by what it calls.
pub(super) fn select(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    if let Some(schemas) = configured_path(start) {
        outcome.push(start, Change::SearchPath(schemas));
        return Some(());
    }
    if calls(start) {
        outcome.push(start, Change::Unread { why: CALLS.into(), reach: Reach::Anything });
        return Some(());
    }
    let Some(mut into) = start.find("INTO") else { return Some(()) };
    into.words("INTO");
    let is_temporary = into.any(&["TEMPORARY", "TEMP"]);
    into.words("UNLOGGED");
    into.words("TABLE");
    let name = into.name()?;
    if is_temporary {
        outcome.temporary.insert(name.name().into());
        return Some(());
    }
    let new = NewRelation {
        name,
        kind: RelationKind::Table,
        columns: Vec::new(),
        partition: false,
        copies: Vec::new(),
        complete: false,
        constraints: Vec::new(),
        existing: Existing::Fails,
    };
    outcome.push(start, Change::CreateRelation(new));
    Some(())
}

/// `WITH … INSERT`, and queries in front that write on their own.
pub(super) fn with(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    let mut cursor = start;
    while !cursor.is_empty() {
        let mut after = cursor;
        let how = if after.words("INSERT INTO") {
            Some("INSERT")
        } else if after.words("DELETE FROM") {
            Some("DELETE")
        } else if after.words("MERGE INTO") {
            Some("MERGE")
        } else {
            // `FOR UPDATE`, `ON CONFLICT … DO UPDATE` and `ON UPDATE` are followed by no `SET` of a table.
            let mut update = cursor;
            let is_update = update.words("UPDATE") && {
                let mut table = update;
                table.words("ONLY");
                !{ table }.words("SET") && table.name().is_some() && table.find("SET").is_some()
            };
            after = update;
            is_update.then_some("UPDATE")
        };
        if let Some(how) = how {
            written(&mut after, outcome, how)?;
        }
        cursor.token();
    }
    let writes = outcome.steps.last().is_some_and(|step| matches!(step.change, Change::Rows { .. }));
    if !writes && calls(start) {
        outcome.push(start, Change::Unread { why: CALLS.into(), reach: Reach::Anything });
    }
    Some(())
}

/// Whether a function is called that is not known to be harmless.
pub(super) fn calls(part: Cursor<'_>) -> bool {
    let tokens = part.tokens();
    let mut words = tokens.iter().zip(tokens.iter().skip(1)).filter(|(_, next)| next.token == Token::LParen);
    words.any(|(word, _)| match &word.token {
        Token::Word(word) => {
            word.quote_style.is_some() || HARMLESS.binary_search(&&*word.value.to_ascii_lowercase()).is_err()
        }
        _ => false,
    })
}

/// `SELECT pg_catalog.set_config('search_path', '…', …)`, as `pg_dump` writes it.
fn configured_path(mut rest: Cursor<'_>) -> Option<Vec<Box<str>>> {
    (rest.name()?.name() == "set_config").then_some(())?;
    let mut items = rest.group()?.items();
    (&*items.next()?.string()? == "search_path").then_some(())?;
    let path = items.next()?.string()?;
    Some(
        path.split(',')
            .map(|name| name.trim().trim_matches('"'))
            .filter(|name| is_schema(name))
            .map(Into::into)
            .collect(),
    )
}

/// `SET search_path TO …`; other settings touch nothing.
pub(super) fn set(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let is_local = rest.words("LOCAL");
    rest.words("SESSION");
    let start = *rest;
    if !rest.words("search_path") {
        return Some(());
    }
    (rest.mark(&Token::Eq) || rest.words("TO")).then_some(())?;
    let mut schemas = Vec::new();
    for mut item in rest.items() {
        let schema = match item.peek() {
            Some(token) if is_word(token, "DEFAULT") => continue,
            Some(Token::Word(_)) => item.ident()?,
            _ => item.string()?,
        };
        schemas.extend(Some(schema).filter(|name| is_schema(name)));
    }
    outcome.has_local_path |= is_local;
    outcome.push(start, Change::SearchPath(schemas));
    Some(())
}

pub(super) fn reset(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    if rest.any(&["search_path", "ALL"]) {
        outcome.push(start, Change::SearchPath(Vec::new()));
    }
    Some(())
}

/// The end of a transaction, and of what is set for it.
pub(super) fn commit(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    if std::mem::take(&mut outcome.has_local_path) {
        outcome.push(*rest, Change::SearchPath(Vec::new()));
    }
    Some(())
}

/// The schema that is called as the user is seldom there.
fn is_schema(name: &str) -> bool {
    !name.is_empty() && name != "$user"
}
