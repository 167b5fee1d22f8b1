//! A schema held against a replay of the migrations.

use std::collections::BTreeSet;

use gate::ledger::{Doubt, Object, Replay};
use gate::{ObjectName, TypeName};

use super::schema::{Enum, Field, Model, Schema, Source};
use super::types;

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// What the schema declares otherwise, in its order.
    pub differences: Vec<Difference>,
    /// How many tables, columns, enums and values were looked for.
    pub looked_for: usize,
}

/// Something that the schema declares and the migrations do not make so.
#[derive(Debug, Clone)]
pub struct Difference {
    /// How it differs.
    pub kind: Kind,
    /// The model or enum, and the field or value in it: `Customer.agreementFileUrl`.
    pub declared: String,
    /// Where.
    pub source: Source,
    /// The kind of object: `table`, `column`, `enum`, …
    pub what: &'static str,
    /// Its name in the database.
    pub object: String,
    /// More, in words that follow a colon; may be empty.
    pub detail: String,
}

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No migration makes it.
    Missing,
    /// A migration makes it, with another type.
    Different,
    /// A migration may make it, in a part that cannot be read.
    CannotTell,
}

impl Kind {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Different => "different",
            Self::CannotTell => "cannot tell",
        }
    }
}

impl Held {
    /// How many differences of that kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.differences.iter().filter(|difference| difference.kind == kind).count()
    }
}

/// What of a schema a database of its kind has.
#[derive(Debug, Clone, Copy)]
pub struct Compare {
    /// Whether enums are types there.
    pub enums: bool,
    /// Whether columns have the types that they have in PostgreSQL.
    pub types: bool,
}

/// Holds `schema` against what the migrations leave behind.
pub fn hold(schema: &Schema, replay: &Replay, compare: Compare) -> Held {
    let mut holder = Holder { schema, replay, compare, held: Held::default() };
    for found in &schema.enums {
        holder.hold_enum(found);
    }
    for model in schema.models.iter().filter(|model| !model.ignored) {
        holder.hold_model(model);
    }
    holder.hold_tables_between();
    holder.held.differences.sort_by_key(|difference| (difference.source.file, difference.source.place));
    holder.held
}

struct Holder<'h> {
    schema: &'h Schema,
    replay: &'h Replay,
    compare: Compare,
    held: Held,
}

impl Holder<'_> {
    fn hold_enum(&mut self, found: &Enum) {
        if !self.compare.enums {
            return;
        }
        let name = named(found.schema.as_deref(), found.map.as_deref().unwrap_or(&found.name));
        self.held.looked_for += 1 + found.values.len();
        let Some((name, values)) = self.replay.catalog().values(&name) else {
            let name = self.replay.qualified(&name, Object::Enum);
            return self.missing(&found.name, found.source, &Object::Enum(name));
        };
        for value in &found.values {
            let expected = value.map.as_deref().unwrap_or(&value.name);
            if !values.iter().any(|there| **there == *expected) {
                let declared = format!("{}.{}", found.name, value.name);
                self.missing(&declared, value.source, &Object::EnumValue(name.clone(), expected.into()));
            }
        }
    }

    fn hold_model(&mut self, model: &Model) {
        let name = named(model.schema.as_deref(), model.table());
        let columns: Vec<&Field> =
            model.fields.iter().filter(|field| !field.ignored && self.is_column(field)).collect();
        self.held.looked_for += 1 + columns.len();
        let Some((schema, relation)) = self.replay.catalog().relation(&name) else {
            let name = self.replay.qualified(&name, Object::Relation);
            return self.missing(&model.name, model.source, &Object::Relation(name));
        };
        let name = ObjectName::qualified(schema, name.name());
        if !self.replay.knows_columns(&name) {
            let unknown: Vec<&str> = columns
                .iter()
                .map(|field| field.column())
                .filter(|column| !relation.columns.contains_key(*column))
                .collect();
            if !unknown.is_empty() {
                let detail = format!("a query makes its columns, so {} may be missing", unknown.join(", "));
                let object = Object::Relation(name);
                self.differs(Kind::CannotTell, &model.name, model.source, &object, detail);
            }
            return;
        }
        for field in columns {
            let declared = format!("{}.{}", model.name, field.name);
            let object = Object::Column(name.clone(), field.column().into());
            let Some(column) = relation.columns.get(field.column()) else {
                let other = relation.columns.keys().find(|name| name.eq_ignore_ascii_case(field.column()));
                match other {
                    Some(other) => {
                        let detail = format!("there is {other}, in another case");
                        self.differs(Kind::Missing, &declared, field.source, &object, detail);
                    }
                    None => self.missing(&declared, field.source, &object),
                }
                continue;
            };
            if self.compare.types && self.replay.knows_type(&name, field.column()) {
                self.hold_type(&declared, field, &object, &column.ty);
            }
        }
    }

    fn hold_type(&mut self, declared: &str, field: &Field, object: &Object, actual: &TypeName) {
        let enumeration = field.ty.as_deref().and_then(|ty| self.schema.enumeration(ty));
        let Some(expected) = types::expected(field, enumeration) else { return };
        if expected.is_met_by(actual) {
            return;
        }
        let mut detail = format!("migrations give it the type {actual}, the schema {expected}");
        let doubt = self.replay.may_have_touched(object).next().map(explained);
        let kind = if let Some(doubt) = doubt {
            detail.push_str(", but ");
            detail.push_str(&doubt);
            Kind::CannotTell
        } else {
            Kind::Different
        };
        self.differs(kind, declared, field.source, object, detail);
    }

    /// Whether a field has a column: not so where it stands for rows of a model.
    fn is_column(&self, field: &Field) -> bool {
        field.ty.as_deref().is_none_or(|ty| self.schema.model(ty).is_none())
    }

    /// Lists on both sides of a relation need a table that no model declares.
    fn hold_tables_between(&mut self) {
        let mut seen = BTreeSet::new();
        for model in self.schema.models.iter().filter(|model| !model.ignored && !model.is_view) {
            for field in model.fields.iter().filter(|field| field.list && !field.ignored) {
                let Some(other) = field.ty.as_deref().and_then(|ty| self.schema.model(ty)) else { continue };
                let answers = |back: &&Field| {
                    let is_itself = *model.name == *other.name && back.name == field.name;
                    back.list
                        && !is_itself
                        && back.ty.as_deref() == Some(&model.name)
                        && back.relation == field.relation
                };
                if other.ignored || !other.fields.iter().any(|back| answers(&back)) {
                    continue;
                }
                let (first, second) = if model.name <= other.name { (model, other) } else { (other, model) };
                let table = match &field.relation {
                    Some(relation) => format!("_{relation}"),
                    None => format!("_{}To{}", first.name, second.name),
                };
                if seen.insert(table.clone()) {
                    self.hold_table_between(model, field, first, &table);
                }
            }
        }
    }

    fn hold_table_between(&mut self, model: &Model, field: &Field, first: &Model, table: &str) {
        let name = named(first.schema.as_deref(), table);
        let declared = format!("{}.{}", model.name, field.name);
        self.held.looked_for += 3;
        let Some((schema, relation)) = self.replay.catalog().relation(&name) else {
            let name = self.replay.qualified(&name, Object::Relation);
            return self.missing(&declared, field.source, &Object::Relation(name));
        };
        let name = ObjectName::qualified(schema, name.name());
        for column in ["A", "B"] {
            if self.replay.knows_columns(&name) && !relation.columns.contains_key(column) {
                self.missing(&declared, field.source, &Object::Column(name.clone(), column.into()));
            }
        }
    }

    fn missing(&mut self, declared: &str, source: Source, object: &Object) {
        if let Some(doubt) = self.replay.may_have_made(object).next() {
            return self.differs(Kind::CannotTell, declared, source, object, explained(doubt));
        }
        let dropped = self.replay.dropped(object);
        let detail = dropped.map(|origin| format!("{} (line {}) drops or renames it", origin.migration, origin.line));
        self.differs(Kind::Missing, declared, source, object, detail.unwrap_or_default());
    }

    fn differs(&mut self, kind: Kind, declared: &str, source: Source, object: &Object, detail: String) {
        let object_name = object.to_string();
        // What lies where all unqualified names lie is called without that.
        let usual = self.replay.catalog().search_path.first().map(|schema| format!("{schema}."));
        let short = usual.and_then(|usual| object_name.strip_prefix(&*usual).map(str::to_owned));
        self.held.differences.push(Difference {
            kind,
            declared: declared.to_owned(),
            source,
            what: object.what(),
            object: short.unwrap_or(object_name),
            detail,
        });
    }
}

fn named(schema: Option<&str>, name: &str) -> ObjectName {
    match schema {
        Some(schema) => ObjectName::qualified(schema, name),
        None => ObjectName::unqualified(name),
    }
}

fn explained(doubt: &Doubt) -> String {
    format!("{} (line {}) is not understood: {}", doubt.origin.migration, doubt.origin.line, doubt.why)
}
