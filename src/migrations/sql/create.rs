//! `CREATE …`, but for tables.

use gate::RelationKind;
use gate::ledger::{Change, Existing, NewColumn, NewRelation};
use sqlparser::tokenizer::Token;

use super::cursor::Cursor;
use super::outcome::Outcome;
use super::{table, type_name};

/// Objects that no catalog of ours shows.
const OTHER: &[&str] = &[
    "ACCESS METHOD",
    "AGGREGATE",
    "CAST",
    "COLLATION",
    "CONVERSION",
    "DATABASE",
    "EVENT TRIGGER",
    "FOREIGN DATA WRAPPER",
    "LANGUAGE",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "OPERATOR",
    "PROCEDURAL LANGUAGE",
    "PUBLICATION",
    "SEQUENCE",
    "SERVER",
    "STATISTICS",
    "SUBSCRIPTION",
    "TABLESPACE",
    "TEXT SEARCH",
    "TRANSFORM",
    "TRUSTED LANGUAGE",
    "TRUSTED PROCEDURAL LANGUAGE",
    "USER MAPPING",
];

/// Objects that belong to a table, and the word before its name.
const ON_TABLE: &[(&str, &str)] = &[("TRIGGER", "ON"), ("CONSTRAINT TRIGGER", "ON"), ("POLICY", "ON"), ("RULE", "TO")];

pub(super) fn read(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    let replaces = rest.words("OR REPLACE");
    rest.any(&["GLOBAL", "LOCAL"]);
    let is_temporary = rest.any(&["TEMPORARY", "TEMP"]);
    rest.words("UNLOGGED");
    if let Some(what) = OTHER.iter().find(|what| rest.words(what)) {
        rest.words("IF NOT EXISTS");
        let name = rest.name();
        outcome.push(start, Change::Other { how: format!("CREATE {what}").into(), name });
        return Some(());
    }
    if let Some((what, before)) = ON_TABLE.iter().find(|(what, _)| rest.words(what)) {
        let mut on = rest.find(before)?;
        on.words(before);
        let change = Change::AlterRelation { name: on.name()?, how: format!("CREATE {what}").into() };
        outcome.push(start, change);
        return Some(());
    }
    let kinds: &[(&str, RelationKind)] = &[
        ("TABLE", RelationKind::Table),
        ("FOREIGN TABLE", RelationKind::Foreign),
        ("RECURSIVE VIEW", RelationKind::View),
        ("VIEW", RelationKind::View),
        ("MATERIALIZED VIEW", RelationKind::Materialized),
    ];
    if let Some((_, kind)) = kinds.iter().find(|(words, _)| rest.words(words)) {
        let if_absent = rest.words("IF NOT EXISTS") || outcome.lenient;
        let existing = match (if_absent, replaces) {
            (true, _) => Existing::Stays,
            (_, true) => Existing::Replaced,
            _ => Existing::Fails,
        };
        let name = rest.name()?;
        if is_temporary {
            outcome.temporary.insert(name.name().into());
            return Some(());
        }
        return match kind {
            RelationKind::Table | RelationKind::Foreign => table::create(start, rest, outcome, name, *kind, existing),
            kind => {
                let columns = rest.group().map(Cursor::items).into_iter().flatten();
                let columns: Option<Vec<NewColumn>> =
                    columns.map(|mut item| Some(NewColumn { name: item.ident()?, ty: None, nullable: true })).collect();
                let columns = columns?;
                let complete = !columns.is_empty();
                let new = NewRelation {
                    name,
                    kind: *kind,
                    columns,
                    partition: false,
                    copies: Vec::new(),
                    complete,
                    constraints: Vec::new(),
                    existing,
                };
                outcome.push(start, Change::CreateRelation(new));
                Some(())
            }
        };
    }
    let readers: &[(&str, super::statement::Read)] = &[
        ("UNIQUE INDEX", unique_index),
        ("INDEX", index),
        ("TYPE", ty),
        ("DOMAIN", domain),
        ("SCHEMA", schema),
        ("EXTENSION", extension),
        ("FUNCTION", function),
        ("PROCEDURE", function),
    ];
    let (_, read) = readers.iter().find(|(words, _)| rest.words(words))?;
    read(rest, outcome)
}

fn unique_index(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    any_index(rest, outcome, true)
}

fn index(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    any_index(rest, outcome, false)
}

fn any_index(rest: &mut Cursor<'_>, outcome: &mut Outcome, unique: bool) -> Option<()> {
    let start = *rest;
    rest.words("CONCURRENTLY");
    let if_absent = rest.words("IF NOT EXISTS") || outcome.lenient;
    let name = if rest.words("ON") {
        None
    } else {
        // An index lies in its table's schema, whatever SQLite lets one write.
        let name = rest.name()?.name().into();
        rest.words("ON").then_some(())?;
        Some(name)
    };
    rest.words("ONLY");
    let table = rest.name()?;
    if rest.words("USING") {
        rest.ident()?;
    }
    let definition = *rest;
    let columns: Option<Vec<Box<str>>> = rest.group()?.items().map(plain_column).collect();
    let mentions = definition.idents();
    let columns = columns.unwrap_or_default();
    outcome.push(start, Change::CreateIndex { name, table, columns, mentions, unique, if_absent });
    Some(())
}

/// The column that an index is on; `None` for an expression.
fn plain_column(mut item: Cursor<'_>) -> Option<Box<str>> {
    let column = item.ident()?;
    // What may follow a column is an operator class with its options, or the direction.
    matches!(item.peek(), None | Some(Token::Word(_))).then_some(column)
}

fn ty(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    let name = rest.name()?;
    let change = if rest.words("AS ENUM") {
        let values: Option<Vec<Box<str>>> = rest.group()?.items().map(|mut item| item.string()).collect();
        Change::CreateEnum { name, values: values?, if_absent: outcome.lenient }
    } else if rest.words("AS RANGE") {
        Change::CreateType { name, what: "RANGE" }
    } else {
        rest.words("AS");
        (rest.is_empty() || rest.peek() == Some(&Token::LParen)).then_some(())?;
        Change::CreateType { name, what: "TYPE" }
    };
    outcome.push(start, change);
    Some(())
}

fn domain(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    let name = rest.name()?;
    outcome.push(start, Change::CreateType { name, what: "DOMAIN" });
    Some(())
}

fn schema(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    rest.words("IF NOT EXISTS");
    let name = if rest.words("AUTHORIZATION") {
        rest.ident()?
    } else {
        let name = rest.ident()?;
        if rest.words("AUTHORIZATION") {
            rest.ident()?;
        }
        name
    };
    // `CREATE SCHEMA a CREATE TABLE b …` is one statement, and a rare one.
    rest.is_empty().then_some(())?;
    outcome.push(start, Change::CreateSchema { name });
    Some(())
}

fn extension(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    rest.words("IF NOT EXISTS");
    outcome.push(start, Change::CreateExtension { name: rest.ident()? });
    Some(())
}

fn function(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    let name = rest.name()?;
    let arguments = type_name::arguments(rest.group()?);
    outcome.push(start, Change::CreateFunction { name, arguments });
    Some(())
}
