//! Text becomes a lock, or everything that is wrong with it.

use gate::ledger::{Ledger, Reading, TOOLS, Tool};
use gate::{
    Catalog, Column, ColumnSpec, FunctionSpec, Index, NamePattern, ObjectName, Relation, RelationKind, Schema, Scope,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::words::{CONSTRAINTS, INDEXES, Word};
use super::{Lock, VERSION};
use crate::complaint::nearest::suggestion;
use crate::complaint::{Complaints, Place, Problem};

type Value<'i> = Spanned<DeValue<'i>>;

/// How one key at the top is read.
type Section = fn(&mut Reader, &str, &Value<'_>);

/// Every key at the top but the version, in the order of reading: what is said of a table comes
/// after it.
const SECTIONS: [(&str, Section); 9] = [
    ("scope", Reader::scope),
    ("extensions", Reader::extensions),
    ("functions", Reader::functions),
    ("enums", Reader::enums),
    ("tables", |reader, key, value| reader.relations(key, value, RelationKind::Table)),
    ("views", |reader, key, value| reader.relations(key, value, RelationKind::View)),
    ("constraints", Reader::constraints),
    ("indexes", Reader::indexes),
    ("ledgers", Reader::ledgers),
];

const ADVICE: &str = "take it again with `schemagate lock`, or restore it from version control";

impl Lock {
    /// Reads the text of a lock that stands, or would stand, in `file`.
    pub fn parse(text: &str, file: &str) -> Result<Self, Complaints> {
        let failed = |problems| Err(Complaints::new(file.to_owned(), text.to_owned(), problems));
        if text.trim().is_empty() {
            return failed(vec![Problem::new(None, format!("the lock {file} is empty")).help(ADVICE)]);
        }
        let (table, syntax) = DeTable::parse_recoverable(text);
        if !syntax.is_empty() {
            let problems = syntax.iter().map(|error| Problem::new(error.span().map(Into::into), error.message()));
            return failed(problems.map(|problem| problem.help(ADVICE)).collect());
        }
        if let Err(problem) = version(table.get_ref()) {
            return failed(vec![problem]);
        }
        let mut reader = Reader::default();
        let known = || SECTIONS.iter().map(|(name, _)| *name).chain(["version"]);
        for key in table.get_ref().keys().filter(|key| !known().any(|name| name == key.get_ref())) {
            let problem = Problem::new(Some(key.span().into()), format!("a lock knows no key `{}`", key.get_ref()));
            reader.problems.push(problem.help(suggestion(key.get_ref(), known(), "known keys")));
        }
        for (name, section) in SECTIONS {
            if let Some(value) = table.get_ref().get(name) {
                section(&mut reader, name, value);
            }
        }
        let Reader { scope, mut catalog, problems } = reader;
        if !problems.is_empty() {
            return failed(problems);
        }
        catalog.schemas.entry(Box::default()).or_default();
        catalog.search_path = catalog.schemas.keys().cloned().collect();
        Ok(Self { scope, catalog })
    }
}

/// Whether this program knows the version.
fn version(table: &DeTable<'_>) -> Result<(), Problem> {
    let Some(version) = table.get("version") else {
        return Err(Problem::new(None, "it has no `version`, so it is no lock of schemagate's").help(ADVICE));
    };
    let place = Some(version.span().into());
    let number = match version.get_ref() {
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    };
    match number {
        Some(1..=VERSION) => Ok(()),
        Some(newer) if newer > VERSION => {
            let message = format!("the lock is of version {newer}, and this schemagate knows {VERSION} at most");
            Err(Problem::new(place, message).help("update schemagate, or take the lock again with this one"))
        }
        _ => Err(Problem::new(place, format!("`version` is no version; this one is {VERSION}")).help(ADVICE)),
    }
}

/// Gathers what a lock says, and what is wrong with it.
#[derive(Default)]
struct Reader {
    scope: Scope,
    catalog: Catalog,
    problems: Vec<Problem>,
}

impl Reader {
    fn wrong(&mut self, place: &Spanned<impl Sized>, message: impl Into<String>) {
        self.problems.push(Problem::new(Some(Place::from(place.span())), message));
    }

    /// What was understood; else why it was not, in words that follow what was typed.
    fn said<T>(&mut self, typed: &Spanned<impl Sized>, text: &str, read: Result<T, impl Display>) -> Option<T> {
        read.map_err(|why| self.wrong(typed, format!("`{text}` {why}"))).ok()
    }

    fn name(&mut self, key: &Spanned<impl AsRef<str>>) -> Option<ObjectName> {
        let text = key.get_ref().as_ref();
        self.said(key, text, text.parse().map_err(|error: gate::NameError| format!("is not a name: {error}")))
    }

    fn table<'v, 'i>(&mut self, key: &str, value: &'v Value<'i>) -> Option<&'v DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong(value, format!("`{key}` is no table"));
        }
        table
    }

    fn text<'v>(&mut self, key: &str, value: &'v Value<'_>) -> Option<&'v str> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong(value, format!("`{key}` is no string"));
        }
        text
    }

    /// The strings of a list, with what makes them something else.
    fn list<T>(
        &mut self,
        key: &str,
        value: &Value<'_>,
        read: impl Fn(&mut Self, &Value<'_>, &str) -> Option<T>,
    ) -> Vec<T> {
        let Some(list) = value.get_ref().as_array() else {
            self.wrong(value, format!("`{key}` is no list"));
            return Vec::new();
        };
        let mut all = Vec::new();
        for item in list {
            all.extend(self.text(key, item).and_then(|text| read(self, item, text)));
        }
        all
    }

    fn schema(&mut self, name: &ObjectName) -> &mut Schema {
        self.catalog.schemas.entry(name.schema().unwrap_or_default().into()).or_default()
    }

    fn scope(&mut self, key: &str, value: &Value<'_>) {
        const KEYS: [&str; 2] = ["schemas", "tables"];
        let Some(table) = self.table(key, value) else { return };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "schemas" => self.scope.schemas = self.list("schemas", value, |_, _, text| Some(text.into())),
                "tables" => {
                    self.scope.tables = self.list("tables", value, |reader, item, text| {
                        let read = NamePattern::from_str(text).map_err(|error| format!("is not a name: {error}"));
                        reader.said(item, text, read)
                    });
                }
                other => {
                    let problem = Problem::new(Some(key.span().into()), format!("`scope` knows no key `{other}`"));
                    self.problems.push(problem.help(suggestion(other, KEYS, "known keys")));
                }
            }
        }
    }

    fn extensions(&mut self, key: &str, value: &Value<'_>) {
        let names = self.list(key, value, |_, _, text| Some((text.into(), Box::default())));
        self.catalog.extensions.extend(names);
    }

    fn functions(&mut self, key: &str, value: &Value<'_>) {
        let specs = self.list(key, value, |reader, item, text| {
            let spec = reader.said(item, text, FunctionSpec::parse(text))?;
            if spec.arguments.is_none() {
                reader.wrong(item, format!("`{text}` has no list of arguments; there is one for each overload"));
            }
            spec.arguments.map(|arguments| (spec.name, arguments))
        });
        for (name, arguments) in specs {
            let list: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            let overloads = self.schema(&name).functions.entry(name.name().into()).or_default();
            overloads.insert(list.join(", ").into_boxed_str());
        }
    }

    fn enums(&mut self, key: &str, value: &Value<'_>) {
        let Some(table) = self.table(key, value) else { return };
        for (name, values) in table {
            let values = self.list(name.get_ref(), values, |_, _, text| Some(text.into()));
            let Some(name) = self.name(name) else { continue };
            self.schema(&name).enums.insert(name.name().into(), values);
        }
    }

    fn relations(&mut self, key: &str, value: &Value<'_>, kind: RelationKind) {
        let Some(tables) = self.table(key, value) else { return };
        for (key, value) in tables {
            let Some(columns) = self.table(key.get_ref(), value) else { continue };
            let columns = self.columns(columns);
            let Some(name) = self.name(key) else { continue };
            let relation =
                Relation { kind, populated: true, columns, constraints: BTreeMap::new(), privileges: BTreeSet::new() };
            if self.schema(&name).relations.insert(name.name().into(), relation).is_some() {
                self.wrong(key, format!("`{name}` is a table and a view"));
            }
        }
    }

    fn columns(&mut self, typed: &DeTable<'_>) -> BTreeMap<Box<str>, Column> {
        let mut columns = BTreeMap::new();
        for (key, value) in typed {
            let Some(text) = self.text(key.get_ref(), value) else { continue };
            let Some(spec) = self.said(value, text, ColumnSpec::named(key.get_ref(), text)) else { continue };
            match (spec.ty, spec.nullable) {
                (Some(ty), Some(nullable)) => _ = columns.insert(spec.name, Column { ty, nullable }),
                (None, _) => self.wrong(value, format!("`{text}` is no type, such as \"text null\"")),
                (_, None) => self.wrong(value, format!("`{text}` says neither `null` nor `not null`")),
            }
        }
        columns
    }

    /// What is said of each thing of each table, by one of a few words.
    fn by_table<T: Copy>(
        &mut self,
        key: &str,
        value: &Value<'_>,
        words: &[(&'static str, T)],
        take: impl Fn(&mut Schema, &ObjectName, &str, T),
    ) {
        let Some(tables) = self.table(key, value) else { return };
        for (owner, value) in tables {
            let Some(things) = self.table(owner.get_ref(), value) else { continue };
            let Some(table) = self.name(owner) else { continue };
            if !self.schema(&table).relations.contains_key(table.name()) {
                self.wrong(owner, format!("the lock has no table `{table}`"));
                continue;
            }
            for (name, value) in things {
                let Some(text) = self.text(name.get_ref(), value) else { continue };
                if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
                    take(self.schema(&table), &table, name.get_ref(), *meaning);
                } else {
                    let problem = Problem::new(Some(value.span().into()), format!("`{key}` knows no `{text}`"));
                    let known = words.iter().map(|(word, _)| *word);
                    self.problems.push(problem.help(suggestion(text, known, "known words")));
                }
            }
        }
    }

    fn constraints(&mut self, key: &str, value: &Value<'_>) {
        self.by_table(key, value, &CONSTRAINTS, |schema, table, name, meaning| {
            if let Some(relation) = schema.relations.get_mut(table.name()) {
                relation.constraints.insert(name.into(), meaning != Word::NotValid);
            }
            if meaning == Word::Unique {
                let index = Index { table: table.name().into(), unique: true, valid: true };
                schema.indexes.insert(name.into(), index);
            }
        });
    }

    fn indexes(&mut self, key: &str, value: &Value<'_>) {
        self.by_table(key, value, &INDEXES, |schema, table, name, (unique, valid)| {
            schema.indexes.insert(name.into(), Index { table: table.name().into(), unique, valid });
        });
    }

    fn ledgers(&mut self, key: &str, value: &Value<'_>) {
        const KEYS: [&str; 2] = ["tool", "applied"];
        let Some(ledgers) = self.table(key, value) else { return };
        for (owner, value) in ledgers {
            let (Some(table), Some(name)) = (self.table(owner.get_ref(), value), self.name(owner)) else { continue };
            let (mut tool, mut applied) = (None, Vec::new());
            for (key, value) in table {
                match key.get_ref().as_ref() {
                    "tool" => tool = self.tool(value),
                    "applied" => applied = self.list("applied", value, |_, _, text| Some(text.into())),
                    other => {
                        let message = format!("a ledger knows no key `{other}`");
                        let problem = Problem::new(Some(key.span().into()), message);
                        self.problems.push(problem.help(suggestion(other, KEYS, "known keys")));
                    }
                }
            }
            match tool {
                Some(tool) => {
                    self.catalog.ledgers.insert(Ledger { tool, table: name }, Reading::of_applied(applied));
                }
                None if table.contains_key("tool") => {}
                None => self.wrong(owner, format!("the ledger `{name}` has no `tool`")),
            }
        }
    }

    fn tool(&mut self, value: &Value<'_>) -> Option<&'static Tool> {
        let text = self.text("tool", value)?;
        let tool = Tool::named(text);
        if tool.is_none() {
            let problem = Problem::new(Some(value.span().into()), format!("there is no tool `{text}`"));
            let known = TOOLS.iter().map(|tool| tool.name);
            self.problems.push(problem.help(suggestion(text, known, "known tools")));
        }
        tool
    }
}
