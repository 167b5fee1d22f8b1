//! `DROP …`.

use gate::ObjectName;
use gate::ledger::Change;

use super::cursor::Cursor;
use super::outcome::Outcome;
use super::type_name;

/// Kinds whose names are lists, and what becomes of each.
const LISTS: &[(&str, fn(ObjectName, bool) -> Change)] = &[
    ("TABLE", |name, _| Change::DropRelation { name }),
    ("FOREIGN TABLE", |name, _| Change::DropRelation { name }),
    ("VIEW", |name, _| Change::DropRelation { name }),
    ("MATERIALIZED VIEW", |name, _| Change::DropRelation { name }),
    ("INDEX CONCURRENTLY", |name, _| Change::DropIndex { name }),
    ("INDEX", |name, _| Change::DropIndex { name }),
    ("TYPE", |name, cascade| Change::DropType { name, cascade }),
    ("DOMAIN", |name, cascade| Change::DropType { name, cascade }),
    ("SCHEMA", |name, _| Change::DropSchema { name: name.name().into() }),
    ("EXTENSION", |name, _| Change::DropExtension { name: name.name().into() }),
    ("SEQUENCE", |name, _| Change::Other { how: "DROP SEQUENCE".into(), name: Some(name) }),
];

/// Objects that belong to a table.
const ON_TABLE: &[&str] = &["TRIGGER", "POLICY", "RULE"];

pub(super) fn drop(rest: &mut Cursor<'_>, outcome: &mut Outcome) -> Option<()> {
    let start = *rest;
    if let Some((_, dropped)) = LISTS.iter().find(|(kind, _)| rest.words(kind)) {
        rest.words("IF EXISTS");
        let names = rest.names()?;
        let cascade = rest.words("CASCADE");
        rest.words("RESTRICT");
        rest.is_empty().then_some(())?;
        for name in names {
            outcome.push(start, dropped(name, cascade));
        }
    } else if rest.any(&["FUNCTION", "PROCEDURE", "ROUTINE"]) {
        rest.words("IF EXISTS");
        for mut item in rest.items() {
            let name = item.name()?;
            let arguments = item.group().and_then(type_name::arguments);
            outcome.push(start, Change::DropFunction { name, arguments });
        }
    } else if let Some(kind) = ON_TABLE.iter().find(|kind| rest.words(kind)) {
        let mut on = rest.find("ON")?;
        on.words("ON");
        outcome.push(start, Change::AlterRelation { name: on.name()?, how: format!("DROP {kind}").into() });
    } else {
        let kind = rest.ident()?.to_ascii_uppercase();
        outcome.push(start, Change::Other { how: format!("DROP {kind}").into(), name: None });
    }
    Some(())
}
