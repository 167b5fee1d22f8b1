//! `ALTER …`.

use gate::ObjectName;
use gate::ledger::{Change, ConstraintKind, EnumPlace, NewConstraint};
use sqlparser::ast::{AlterColumnOperation, AlterTableOperation, TableConstraint};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::cursor::{Cursor, plain};
use super::outcome::{Outcome, beginning};
use super::{bounds, table, type_name};

const RELATIONS: &[&str] = &["TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW"];

/// What is done to a table and shows in no catalog of ours.
const UNSEEN: &[&str] = &[
    "ALTER CONSTRAINT",
    "ATTACH PARTITION",
    "CLUSTER",
    "DETACH PARTITION",
    "DISABLE",
    "ENABLE",
    "FORCE",
    "INHERIT",
    "NO FORCE",
    "NO INHERIT",
    "NOT OF",
    "OF",
    "OPTIONS",
    "OWNER",
    "REPLICA",
    "RESET",
    "SET (",
    "SET ACCESS METHOD",
    "SET LOGGED",
    "SET TABLESPACE",
    "SET UNLOGGED",
    "SET WITHOUT",
];

/// What is done to a column and shows in no catalog of ours.
const UNSEEN_OF_COLUMN: &[&str] = &[
    "ADD GENERATED",
    "DROP DEFAULT",
    "DROP EXPRESSION",
    "DROP IDENTITY",
    "OPTIONS",
    "RESET",
    "RESTART",
    "SET (",
    "SET COMPRESSION",
    "SET DEFAULT",
    "SET EXPRESSION",
    "SET GENERATED",
    "SET INCREMENT",
    "SET STATISTICS",
    "SET STORAGE",
];

pub(super) fn read(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    if rest.any(RELATIONS) {
        return relation(rest, outcome);
    }
    let readers: &[(&str, super::statement::Read)] = &[
        ("INDEX", index),
        ("TYPE", ty),
        ("DOMAIN", domain),
        ("SCHEMA", schema),
        ("EXTENSION", other),
        ("FUNCTION", function),
        ("PROCEDURE", function),
        ("ROUTINE", function),
        ("TRIGGER", on_table),
        ("POLICY", on_table),
        ("RULE", on_table),
    ];
    match readers.iter().find(|(words, _)| rest.words(words)) {
        Some((_, read)) => read(rest, outcome),
        None => {
            *rest = start;
            other(rest, outcome)
        }
    }
}

/// A sequence, a server, a publication: nothing that a catalog of ours shows.
fn other(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let how = beginning(*rest);
    let how = how.split(' ').take(2).collect::<Vec<_>>().join(" ");
    outcome.push(*rest, Change::Other { how: format!("ALTER {how}").into(), name: None });
    Some(())
}

fn relation(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    if rest.words("ALL IN TABLESPACE") {
        return other(rest, outcome);
    }
    rest.words("IF EXISTS");
    rest.words("ONLY");
    let name = rest.name()?;
    rest.mark(&Token::Mul);
    if outcome.is_temporary(&name) {
        return Some(());
    }
    for action in rest.items() {
        if let Some(changes) = self::action(action, &name, outcome.lenient) {
            for change in changes {
                outcome.push(action, change);
            }
        } else {
            outcome.push(action, Change::AlterRelation { name: name.clone(), how: beginning(action).into() });
            outcome.not_understood_of(action, Some(&name));
        }
    }
    Some(())
}

/// One of the actions between the commas.
fn action(action: Cursor<'_>, name: &ObjectName, lenient: bool) -> Option<Vec<Change>> {
    let mut rest = action;
    let (name, altered) = (name.clone(), |how: &str| Change::AlterRelation { name: name.clone(), how: how.into() });
    if let Some(how) = UNSEEN.iter().find(|words| words_or_group(rest, words)) {
        return Some(vec![altered(how.trim_end_matches(" ("))]);
    }
    if rest.words("SET SCHEMA") {
        return Some(vec![Change::MoveRelation { name, schema: rest.ident()? }]);
    }
    if { rest }.words("ALTER") {
        rest.any(&["ALTER COLUMN", "ALTER"]);
        rest.ident()?;
        if let Some(how) = UNSEEN_OF_COLUMN.iter().find(|words| words_or_group(rest, words)) {
            // An identity accepts no NULL, but its column must refuse it already.
            return Some(vec![altered(how.trim_end_matches(" ("))]);
        }
    }
    let (mut action, valid) = table::validity(action);
    // How values are turned into the new type is nothing to the type.
    if let Some(using) = action.find("USING").filter(|_| { action }.words("ALTER")) {
        action = action.until(using);
    }
    let operation = bounds::parse(action, Parser::parse_alter_table_operation)?;
    let table = name;
    Some(match &operation {
        AlterTableOperation::AddColumn { column_def, if_not_exists, .. } => {
            let (column, constraints) = table::made_column(column_def, action)?;
            let add = Change::AddColumn { table: table.clone(), column, if_absent: *if_not_exists || lenient };
            let constraints =
                constraints.into_iter().map(|constraint| Change::AddConstraint { table: table.clone(), constraint });
            [add].into_iter().chain(constraints).collect()
        }
        AlterTableOperation::DropColumn { column_names, .. } => {
            let drop = |column| Some(Change::DropColumn { table: table.clone(), column: plain(column)? });
            column_names.iter().map(drop).collect::<Option<_>>()?
        }
        AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
            let (column, to) = (plain(old_column_name)?, plain(new_column_name)?);
            vec![Change::RenameColumn { table, column, to }]
        }
        AlterTableOperation::AlterColumn { column_name, op } => {
            let column = plain(column_name)?;
            vec![match op {
                AlterColumnOperation::SetNotNull => Change::ColumnNull { table, column, nullable: false },
                AlterColumnOperation::DropNotNull => Change::ColumnNull { table, column, nullable: true },
                AlterColumnOperation::SetDataType { data_type, .. } => {
                    Change::ColumnType { table, column, ty: type_name::type_name(data_type) }
                }
                _ => return None,
            }]
        }
        AlterTableOperation::AddConstraint { constraint, .. } => {
            let (index, constraint) = added(constraint, action, valid)?;
            let renamed = index.filter(|index| Some(index) != constraint.name.as_ref()).map(|index| {
                let name = sibling(&table, &index);
                Change::RenameIndex { name, to: constraint.name.clone().unwrap_or_default() }
            });
            renamed.into_iter().chain([Change::AddConstraint { table, constraint }]).collect()
        }
        AlterTableOperation::DropConstraint { name, .. } => vec![Change::DropConstraint { table, name: plain(name)? }],
        AlterTableOperation::ValidateConstraint { name } => {
            vec![Change::ValidateConstraint { table, name: plain(name)? }]
        }
        AlterTableOperation::RenameConstraint { old_name, new_name } => {
            vec![Change::RenameConstraint { table, name: plain(old_name)?, to: plain(new_name)? }]
        }
        AlterTableOperation::RenameTable { table_name } => {
            use sqlparser::ast::RenameTableNameKind::{As, To};
            let (As(to) | To(to)) = table_name;
            let to = super::cursor::plain_name(to)?;
            vec![Change::RenameRelation { name: table, to: to.name().into() }]
        }
        _ => return None,
    })
}

/// Whether these words are next, and a parenthesis where they end in one.
fn words_or_group(mut rest: Cursor<'_>, words: &str) -> bool {
    match words.strip_suffix(" (") {
        Some(words) => rest.words(words) && rest.peek() == Some(&Token::LParen),
        None => rest.words(words),
    }
}

/// A constraint that is added; and the index that it takes over, and whose name it replaces.
fn added(constraint: &TableConstraint, text: Cursor<'_>, valid: bool) -> Option<(Option<Box<str>>, NewConstraint)> {
    let (of_index, kind) = match constraint {
        TableConstraint::PrimaryKeyUsingIndex(of_index) => (of_index, ConstraintKind::PrimaryKey),
        TableConstraint::UniqueUsingIndex(of_index) => (of_index, ConstraintKind::Unique),
        constraint => return Some((None, table::made_constraint(constraint, text, valid)?)),
    };
    let index = plain(&of_index.index_name)?;
    let name = match &of_index.name {
        Some(name) => plain(name)?,
        None => index.clone(),
    };
    Some((Some(index), NewConstraint { name: Some(name), kind, columns: Vec::new(), valid }))
}

/// What is called `name` and lies where `beside` does.
fn sibling(beside: &ObjectName, name: &str) -> ObjectName {
    match beside.schema() {
        Some(schema) => ObjectName::qualified(schema, name),
        None => ObjectName::unqualified(name),
    }
}

fn index(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    rest.words("IF EXISTS");
    let name = rest.name()?;
    if !rest.words("RENAME TO") {
        return other(&mut { start }, outcome);
    }
    outcome.push(start, Change::RenameIndex { name, to: rest.ident()? });
    Some(())
}

fn ty(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    let name = rest.name()?;
    let change = if rest.words("ADD VALUE") {
        rest.words("IF NOT EXISTS");
        let value = rest.string()?;
        let place = match (rest.words("BEFORE"), rest.words("AFTER")) {
            (true, _) => EnumPlace::Before(rest.string()?),
            (_, true) => EnumPlace::After(rest.string()?),
            _ => EnumPlace::End,
        };
        Change::AddEnumValue { name, value, place }
    } else if rest.words("RENAME VALUE") {
        let value = rest.string()?;
        rest.words("TO").then_some(())?;
        Change::RenameEnumValue { name, value, to: rest.string()? }
    } else {
        return renamed_type(start, rest, outcome, name);
    };
    outcome.push(start, change);
    Some(())
}

fn domain(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    let name = rest.name()?;
    renamed_type(start, rest, outcome, name)
}

fn renamed_type(start: Cursor<'_>, rest: &mut Cursor<'_>, outcome: &mut Outcome, name: ObjectName) -> Option<()> {
    let change = if rest.words("RENAME TO") {
        Change::RenameType { name, to: rest.ident()? }
    } else if rest.words("SET SCHEMA") {
        Change::MoveType { name, schema: rest.ident()? }
    } else {
        Change::AlterType { name }
    };
    outcome.push(start, change);
    Some(())
}

fn schema(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    let name = rest.ident()?;
    if !rest.words("RENAME TO") {
        return other(&mut { start }, outcome);
    }
    outcome.push(start, Change::RenameSchema { name, to: rest.ident()? });
    Some(())
}

fn function(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    let name = rest.name()?;
    let arguments = rest.group().and_then(type_name::arguments);
    let to = if rest.words("RENAME TO") {
        sibling(&name, &rest.ident()?)
    } else if rest.words("SET SCHEMA") {
        ObjectName::qualified(&rest.ident()?, name.name())
    } else {
        return other(&mut { start }, outcome);
    };
    outcome.push(start, Change::DropFunction { name, arguments: arguments.clone() });
    outcome.push(start, Change::CreateFunction { name: to, arguments });
    Some(())
}

fn on_table(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    let mut on = rest.find("ON")?;
    on.words("ON");
    outcome.push(start, Change::AlterRelation { name: on.name()?, how: "ALTER".into() });
    Some(())
}
