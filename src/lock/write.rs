//! A lock becomes text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gate::{ColumnSpec, Index, ObjectName, Relation, Schema};

use super::words::{CONSTRAINTS, INDEXES, Word, word};
use super::{Lock, VERSION};

const HEAD: &str = "\
# What the database holds, as `schemagate lock` found it. Read it in review, and let `schemagate lock` change it.
";

impl Lock {
    /// The text of the lock: TOML, the same for the same schema, whenever and wherever it was taken.
    pub fn text(&self) -> String {
        let mut text = format!("{HEAD}version = {VERSION}\n");
        let catalog = &self.catalog;
        list(&mut text, "extensions", catalog.extensions.keys());
        list(&mut text, "functions", self.functions());
        let schemas = &self.scope.schemas;
        let tables: Vec<String> = self.scope.tables.iter().map(ToString::to_string).collect();
        if !schemas.is_empty() || !tables.is_empty() {
            text.push_str("\n# What was asked for.\n[scope]\n");
            list(&mut text, "schemas", schemas);
            list(&mut text, "tables", tables);
        }
        let enums = catalog.schemas.iter().flat_map(|(schema, objects)| {
            objects.enums.iter().map(move |(name, values)| (ObjectName::seen_in(schema, name).to_string(), values))
        });
        for (at, (name, values)) in enums.enumerate() {
            if at == 0 {
                text.push_str("\n[enums]\n");
            }
            list_always(&mut text, &key(&name), values);
        }
        for (schema, objects) in &catalog.schemas {
            for (name, relation) in &objects.relations {
                relation_text(&mut text, schema, name, relation, objects);
            }
        }
        for (ledger, reading) in &catalog.ledgers {
            let Some(applied) = reading.applied(ledger.tool) else { continue };
            let _ = write!(text, "\n[ledgers.{}]\n", key(&ledger.table.to_string()));
            let _ = writeln!(text, "tool = {}", quoted(ledger.tool.name));
            list_always(&mut text, "applied", &applied);
        }
        text
    }

    /// Every overload of every function, as a requirement names it.
    fn functions(&self) -> Vec<String> {
        let schemas = self.catalog.schemas.iter();
        schemas
            .flat_map(|(schema, objects)| {
                objects.functions.iter().map(move |(name, list)| (ObjectName::seen_in(schema, name), list))
            })
            .flat_map(|(name, overloads)| overloads.iter().map(move |list| format!("{name}({list})")))
            .collect()
    }
}

/// A table with all that goes with it, so that a new table is one change to the file.
fn relation_text(text: &mut String, schema: &str, name: &str, relation: &Relation, objects: &Schema) {
    let called = key(&ObjectName::seen_in(schema, name).to_string());
    let kind = if relation.kind.is_view() { "views" } else { "tables" };
    let columns = relation.columns.iter().map(|(name, column)| (name, ColumnSpec::of(name, column).to_string()));
    let own: BTreeMap<_, _> = objects.indexes.iter().filter(|(_, index)| *index.table == *name).collect();
    let constraints = relation.constraints.iter().map(|(name, valid)| {
        let meaning = match own.get(name) {
            Some(index) if goes_with_constraint(index, *valid) => Word::Unique,
            _ if *valid => Word::Valid,
            _ => Word::NotValid,
        };
        (name, word(&CONSTRAINTS, &meaning).to_owned())
    });
    let indexes = own.iter().filter(|(name, index)| {
        let constraint = relation.constraints.get(**name);
        !constraint.is_some_and(|valid| goes_with_constraint(index, *valid))
    });
    let indexes = indexes.map(|(name, index)| (*name, word(&INDEXES, &(index.unique, index.valid)).to_owned()));
    let _ = write!(text, "\n[{kind}.{called}]\n");
    pairs(text, columns);
    section(text, "constraints", &called, constraints);
    section(text, "indexes", &called, indexes);
}

/// Whether an index is told by the word for the constraint of its name.
const fn goes_with_constraint(index: &Index, constraint_is_valid: bool) -> bool {
    index.unique && index.valid && constraint_is_valid
}

fn section<'n>(text: &mut String, kind: &str, table: &str, lines: impl Iterator<Item = (&'n Box<str>, String)>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        let _ = writeln!(text, "[{kind}.{table}]");
        pairs(text, lines);
    }
}

fn pairs<'n>(text: &mut String, lines: impl Iterator<Item = (&'n Box<str>, String)>) {
    for (name, value) in lines {
        let _ = writeln!(text, "{} = {}", key(name), quoted(&value));
    }
}

/// A list, unless it is empty.
fn list<T: AsRef<str>>(text: &mut String, name: &str, items: impl IntoIterator<Item = T>) {
    let mut items = items.into_iter().peekable();
    if items.peek().is_some() {
        list_always(text, name, items);
    }
}

/// A list of one item a line.
fn list_always<T: AsRef<str>>(text: &mut String, name: &str, items: impl IntoIterator<Item = T>) {
    let _ = writeln!(text, "{name} = [");
    for item in items {
        let _ = writeln!(text, "    {},", quoted(item.as_ref()));
    }
    text.push_str("]\n");
}

/// A name as a key of TOML.
fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.bytes().all(is_bare) { name.to_owned() } else { quoted(name) }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
