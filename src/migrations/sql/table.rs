//! `CREATE TABLE`, and the columns and constraints that `ALTER TABLE` knows too.

use gate::ledger::{Change, ConstraintKind, Existing, NewColumn, NewConstraint, NewRelation};
use gate::{ObjectName, RelationKind};
use sqlparser::ast::{ColumnDef, ColumnOption, IndexColumn, TableConstraint};
use sqlparser::ast::{Expr, GeneratedAs};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::cursor::{Cursor, plain, plain_name};
use super::outcome::Outcome;
use super::{bounds, type_name};

/// Words with which a constraint begins, and no column.
const CONSTRAINTS: &[&str] = &["CONSTRAINT", "PRIMARY KEY", "UNIQUE", "FOREIGN KEY", "CHECK", "EXCLUDE"];

/// Reads what follows the table's name.
pub(super) fn create(
    start: Cursor<'_>,
    rest: &mut Cursor<'_>,
    outcome: &mut Outcome,
    name: ObjectName,
    kind: RelationKind,
    existing: Existing,
) -> Option<()> {
    let mut new = NewRelation {
        name,
        kind,
        columns: Vec::new(),
        partition: false,
        copies: Vec::new(),
        complete: true,
        constraints: Vec::new(),
        existing,
    };
    if rest.words("PARTITION OF") {
        new.partition = true;
        new.copies.push(rest.name()?);
    } else if rest.words("OF") {
        rest.name()?;
        new.complete = false;
    }
    let mut odd = Vec::new();
    let group = rest.group();
    let query = *rest;
    let is_made_by_query = { query }.words("AS")
        || query.find("AS").is_some_and(|mut query| {
            query.words("AS");
            query.any(&["SELECT", "WITH", "VALUES", "TABLE", "EXECUTE"]) || query.peek() == Some(&Token::LParen)
        });
    if is_made_by_query {
        let columns: Option<Vec<Box<str>>> =
            group.into_iter().flat_map(Cursor::items).map(|mut item| item.ident()).collect();
        new.columns.extend(columns?.into_iter().map(|name| NewColumn { name, ty: None, nullable: true }));
        new.complete = !new.columns.is_empty();
        outcome.push(start, Change::CreateRelation(new));
        return Some(());
    }
    if group.is_none() && new.copies.is_empty() && new.complete {
        return None;
    }
    for item in group.into_iter().flat_map(Cursor::items) {
        let mut of_it = item;
        let read = if of_it.words("LIKE") {
            of_it.name().map(|copied| new.copies.push(copied))
        } else if CONSTRAINTS.iter().any(|words| { item }.words(words)) {
            constraint(item).map(|constraint| new.constraints.push(constraint))
        } else if new.complete || !new.copies.is_empty() {
            column(item).map(|(column, constraints)| {
                // A partition's own list only says more of its parent's columns.
                new.columns.push(column);
                new.constraints.extend(constraints);
            })
        } else {
            Some(())
        };
        if read.is_none() {
            new.complete = false;
            odd.push(item);
        }
    }
    if let Some(mut parents) = rest.find("INHERITS") {
        parents.words("INHERITS");
        new.copies.extend(parents.group()?.names()?);
    }
    if rest.find("PARTITION BY").is_some() {
        new.kind = RelationKind::Partitioned;
    }
    outcome.push(start, Change::CreateRelation(new));
    for item in odd {
        outcome.not_understood(item);
    }
    Some(())
}

/// A column and the constraints that are written with it.
fn column(item: Cursor<'_>) -> Option<(NewColumn, Vec<NewConstraint>)> {
    made_column(&bounds::parse(item, Parser::parse_column_def)?, item)
}

/// The same of one that was parsed from `text`.
pub(super) fn made_column(column: &ColumnDef, text: Cursor<'_>) -> Option<(NewColumn, Vec<NewConstraint>)> {
    let name = plain(&column.name)?;
    let mut nullable = !type_name::is_serial(&column.data_type);
    let mut constraints = Vec::new();
    for option in &column.options {
        let named = option.name.as_ref().map(plain);
        let kind = match &option.option {
            ColumnOption::NotNull => {
                nullable = false;
                continue;
            }
            ColumnOption::Generated {
                generated_as: GeneratedAs::Always | GeneratedAs::ByDefault,
                generation_expr: None,
                ..
            }
            | ColumnOption::Identity(_) => {
                nullable = false;
                continue;
            }
            ColumnOption::PrimaryKey(_) => {
                nullable = false;
                ConstraintKind::PrimaryKey
            }
            ColumnOption::Unique(_) => ConstraintKind::Unique,
            ColumnOption::ForeignKey(key) => ConstraintKind::ForeignKey { to: plain_name(&key.foreign_table)? },
            ColumnOption::Check(_) => ConstraintKind::Check,
            _ => continue,
        };
        let name_of_it = match named {
            Some(named) => Some(named?),
            None => None,
        };
        let columns = if kind == ConstraintKind::Check { checked(text) } else { vec![name.clone()] };
        constraints.push(NewConstraint { name: name_of_it, kind, columns, valid: true });
    }
    Some((NewColumn { name, ty: type_name::type_name(&column.data_type), nullable }, constraints))
}

fn constraint(item: Cursor<'_>) -> Option<NewConstraint> {
    let (item, valid) = validity(item);
    let found = bounds::parse(item, |parser| {
        let missing = || ParserError::ParserError("no constraint".to_owned());
        parser.parse_optional_table_constraint()?.ok_or_else(missing)
    })?;
    made_constraint(&found, item, valid)
}

/// What the check in `text` may be about.
fn checked(text: Cursor<'_>) -> Vec<Box<str>> {
    let check = text.find("CHECK").and_then(|mut check| {
        check.words("CHECK");
        check.group()
    });
    check.map(Cursor::idents).unwrap_or_default()
}

/// Takes `NOT VALID` off the end.
pub(super) fn validity(item: Cursor<'_>) -> (Cursor<'_>, bool) {
    match item.find("NOT VALID") {
        Some(end) => (item.until(end), false),
        None => (item, true),
    }
}

/// A constraint that was parsed from `text`.
pub(super) fn made_constraint(found: &TableConstraint, text: Cursor<'_>, valid: bool) -> Option<NewConstraint> {
    let on_index = |columns: &[IndexColumn]| columns.iter().filter_map(indexed).collect::<Vec<_>>();
    let (name, kind, columns) = match found {
        TableConstraint::PrimaryKey(key) => (&key.name, ConstraintKind::PrimaryKey, on_index(&key.columns)),
        TableConstraint::Unique(key) => (&key.name, ConstraintKind::Unique, on_index(&key.columns)),
        TableConstraint::ForeignKey(key) => {
            let columns: Option<Vec<Box<str>>> = key.columns.iter().map(plain).collect();
            (&key.name, ConstraintKind::ForeignKey { to: plain_name(&key.foreign_table)? }, columns?)
        }
        TableConstraint::Check(check) => (&check.name, ConstraintKind::Check, checked(text)),
        TableConstraint::Exclude(exclude) => {
            let columns = exclude.elements.iter().filter_map(|element| indexed(&element.column)).collect();
            (&exclude.name, ConstraintKind::Exclude, columns)
        }
        _ => return None,
    };
    let name = match name {
        Some(name) => Some(plain(name)?),
        None => None,
    };
    Some(NewConstraint { name, kind, columns, valid })
}

/// The column that an index is on; `None` for an expression.
fn indexed(column: &IndexColumn) -> Option<Box<str>> {
    if let Expr::Identifier(ident) = &column.column.expr { plain(ident) } else { None }
}
