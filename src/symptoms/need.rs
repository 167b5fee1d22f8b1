//! A requirement that is proposed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use gate::SymptomObject;

use super::toml_text::{comment, key, list, quoted};

/// A requirement that is proposed: everything that is missing of one table, or one other object.
#[derive(Debug)]
pub(super) struct Need {
    pub(super) name: String,
    /// What was seen, in a line each.
    pub(super) seen: Vec<String>,
    database: Option<String>,
    /// `tables`, `schemas` and `functions`.
    lists: BTreeMap<&'static str, BTreeSet<String>>,
    /// `columns` by table and `enums` by type.
    groups: BTreeMap<&'static str, BTreeMap<String, BTreeSet<String>>>,
}

impl Need {
    pub(super) const fn new(name: String, database: Option<String>) -> Self {
        Self { name, seen: Vec::new(), database, lists: BTreeMap::new(), groups: BTreeMap::new() }
    }

    /// Adds what is missing, where it can be required at all: SQLite has tables and columns alone.
    pub(super) fn add(&mut self, object: &SymptomObject, postgres: bool) {
        match object {
            SymptomObject::Table(table) => self.list("tables", table.to_string()),
            SymptomObject::Column { table: Some(table), column } => {
                self.group("columns", table.to_string(), column_spec(column));
            }
            SymptomObject::EnumValue { name, value } if postgres => {
                self.group("enums", name.to_string(), value.to_string());
            }
            SymptomObject::Schema(schema) if postgres => self.list("schemas", schema.to_string()),
            SymptomObject::Function { name, .. } if postgres => self.list("functions", name.to_string()),
            _ => {}
        }
    }

    fn list(&mut self, name: &'static str, item: String) {
        self.lists.entry(name).or_default().insert(item);
    }

    fn group(&mut self, name: &'static str, of: String, item: String) {
        self.groups.entry(name).or_default().entry(of).or_default().insert(item);
    }

    /// Whether nothing of it can be required.
    pub(super) fn is_empty(&self) -> bool {
        self.lists.is_empty() && self.groups.is_empty()
    }
}

/// A column as the configuration has it: in quotes where a type could be read in it.
fn column_spec(column: &str) -> String {
    if column.contains(char::is_whitespace) || column.starts_with('"') {
        format!("\"{}\"", column.replace('"', "\"\""))
    } else {
        column.to_owned()
    }
}

fn items(set: &BTreeSet<String>) -> String {
    list(set.iter().map(String::as_str))
}

impl fmt::Display for Need {
    /// A table of the configuration, or a comment where nothing can be required.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.seen {
            f.write_str(&comment(line))?;
        }
        if self.is_empty() {
            return f.write_str("# Find out where it belongs, and require it.\n\n");
        }
        if self.groups.contains_key("columns") {
            f.write_str("# Check the table: a database may print the query's alias in its place.\n")?;
        }
        writeln!(f, "[requirements.{}]", key(&self.name))?;
        if let Some(database) = &self.database {
            writeln!(f, "database = {}", quoted(database))?;
        }
        for (name, set) in &self.lists {
            writeln!(f, "{name} = {}", items(set))?;
        }
        for (name, groups) in &self.groups {
            let groups: Vec<String> = groups.iter().map(|(of, set)| format!("{} = {}", key(of), items(set))).collect();
            writeln!(f, "{name} = {{ {} }}", groups.join(", "))?;
        }
        f.write_str("\n")
    }
}
