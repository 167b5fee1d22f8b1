//! What a look asks of the catalog about the objects in tenants' schemas.
//!
//! Each statement asks for one kind of object in many schemas at once, and its answer has each
//! distinct text once: what comes back follows how much the schemas differ, not how many they are.
//! What would tell equal schemas apart is left out: a tenant's own type is named without its schema.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Column, Index, ObjectName, Privilege, Relation, Shape, TenantsWanted, Wanted};

use super::super::kind::{relation_kind, type_name};
use super::sql::{FIELD, FUNCTIONS, GROUP, RECORD, RELATIONS, Schemas, TYPES, grouped, literal, names};

/// One statement, and how a text of its answer is read.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) sql: String,
    pub(super) read: fn(&str, &mut Shape),
}

/// A type as it is printed, without the schema `s` where that is its own. Types made by users have
/// greater oids than those made by the server itself (`FirstNormalObjectId`).
const fn own_type() -> &'static str {
    "CASE WHEN a.atttypid < 16384 THEN pg_catalog.format_type(a.atttypid, a.atttypmod) \
          WHEN pg_catalog.starts_with(pg_catalog.format_type(a.atttypid, a.atttypmod), \
                                      pg_catalog.quote_ident(s.nspname) || '.') \
          THEN pg_catalog.substr(pg_catalog.format_type(a.atttypid, a.atttypmod), \
                                 pg_catalog.length(pg_catalog.quote_ident(s.nspname)) + 2) \
          ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END"
}

impl Question {
    /// Everything that is to be asked: of `listed` whether they are there, by the first question, and
    /// of `schemas` what they hold.
    pub(super) fn all(
        wanted: &TenantsWanted,
        role: Option<&str>,
        listed: Schemas<'_>,
        schemas: Schemas<'_>,
    ) -> Vec<Self> {
        let objects = &wanted.objects;
        let asking = Asking { schemas, objects, role };
        let kinds = [
            (true, Asking { schemas: listed, ..asking }.existing(), read_existing as fn(&str, &mut Shape)),
            (!objects.tables.is_empty(), asking.relations(), read_relations),
            (objects.constraints, asking.constraints(), read_constraints),
            (objects.privileges, asking.privileges(), read_privileges),
            (!objects.enums.is_empty(), asking.enums(), read_enums),
            (!objects.indexes.is_empty(), asking.indexes(), read_indexes),
            (!objects.functions.is_empty(), asking.functions(), read_functions),
        ];
        kinds
            .into_iter()
            .filter(|(asked, ..)| *asked)
            .map(|(_, inner, read)| Self { sql: grouped(&inner), read })
            .collect()
    }
}

/// What all statements are made with.
#[derive(Clone, Copy)]
struct Asking<'w> {
    schemas: Schemas<'w>,
    objects: &'w Wanted,
    role: Option<&'w str>,
}

impl Asking<'_> {
    /// The role whose privileges are judged.
    fn role(&self) -> String {
        let name = self.role.map_or_else(|| "current_user".to_owned(), literal);
        format!("(SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = {name}::pg_catalog.name)")
    }

    fn existing(&self) -> String {
        let usage = if self.objects.privileges {
            format!("COALESCE(pg_catalog.has_schema_privilege({}, s.oid, 'USAGE'), false)", self.role())
        } else {
            "false".to_owned()
        };
        format!("SELECT s.nspname, {usage}::pg_catalog.text AS text FROM {}", self.schemas.alone())
    }

    /// Tables, with the columns of those that something is asked of: their names for a ledger, which
    /// its columns tell from other tables, and more for others. Names alone are half as dear.
    fn relations(&self) -> String {
        let typed = self.objects.columns.keys();
        let named = self.objects.ledgers.iter().map(|ledger| &ledger.table);
        let columns = |text: &str| {
            format!(
                "(SELECT pg_catalog.string_agg(E'\\x1e' || a.attname::pg_catalog.text{text}, '') \
                    FROM pg_catalog.pg_attribute a \
                   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)"
            )
        };
        let with_type = format!(" || E'\\x1f' || {} || CASE WHEN a.attnotnull THEN E'\\x1f!' ELSE '' END", own_type());
        format!(
            "SELECT s.nspname, pg_catalog.string_agg(pg_catalog.concat(c.relname, E'\\x1f', c.relkind, E'\\x1f', \
                    c.relispopulated, CASE WHEN c.relname = ANY ({typed}) THEN {typed_columns} \
                                           WHEN c.relname = ANY ({named}) THEN {named_columns} END), \
                    E'\\x1d' ORDER BY c.relname) AS text \
               FROM {relations} WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') \
              GROUP BY s.oid, s.nspname",
            typed = names(typed.map(ObjectName::name)),
            typed_columns = columns(&with_type),
            named = names(named.map(ObjectName::name)),
            named_columns = columns(""),
            relations = self.schemas.with(&RELATIONS, &self.tables()),
        )
    }

    fn constraints(&self) -> String {
        format!(
            "SELECT s.nspname, pg_catalog.string_agg(pg_catalog.concat(c.relname, E'\\x1f', k.conname, E'\\x1f', \
                    k.convalidated), E'\\x1d' ORDER BY c.relname, k.conname) AS text \
               FROM {} JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid GROUP BY s.oid, s.nspname",
            self.schemas.with(&RELATIONS, &self.tables()),
        )
    }

    fn privileges(&self) -> String {
        format!(
            "SELECT s.nspname, pg_catalog.string_agg(pg_catalog.concat(c.relname, E'\\x1f', p.keyword), \
                    E'\\x1d' ORDER BY c.relname, p.keyword) AS text \
               FROM {} \
                    CROSS JOIN pg_catalog.unnest('{{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}}'\
                    ::pg_catalog.text[]) AS p(keyword) \
              WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') \
                AND pg_catalog.has_table_privilege({}, c.oid, p.keyword) GROUP BY s.oid, s.nspname",
            self.schemas.with(&RELATIONS, &self.tables()),
            self.role(),
        )
    }

    fn enums(&self) -> String {
        format!(
            "SELECT s.nspname, pg_catalog.string_agg(pg_catalog.concat(t.typname, \
                    (SELECT pg_catalog.string_agg(E'\\x1f' || e.enumlabel::pg_catalog.text, '' \
                                                  ORDER BY e.enumsortorder) \
                       FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)), E'\\x1d' ORDER BY t.typname) AS text \
               FROM {} WHERE t.typtype = 'e' GROUP BY s.oid, s.nspname",
            self.schemas.with(&TYPES, &names(self.objects.enums.iter().map(ObjectName::name))),
        )
    }

    fn indexes(&self) -> String {
        format!(
            "SELECT s.nspname, pg_catalog.string_agg(pg_catalog.concat(c.relname, E'\\x1f', \
                    i.indisvalid AND i.indisready), E'\\x1d' ORDER BY c.relname) AS text \
               FROM {} JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid GROUP BY s.oid, s.nspname",
            self.schemas.with(&RELATIONS, &names(self.objects.indexes.iter().map(ObjectName::name))),
        )
    }

    fn functions(&self) -> String {
        let arguments = format!(
            "(SELECT pg_catalog.string_agg({}, ', ' ORDER BY a.place) \
                FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS u(type, place) \
                     CROSS JOIN LATERAL (SELECT u.type AS atttypid, NULL::pg_catalog.int4 AS atttypmod, u.place) AS a)",
            own_type()
        );
        format!(
            "SELECT s.nspname, pg_catalog.string_agg(f.text, E'\\x1d' ORDER BY f.text) AS text \
               FROM {} CROSS JOIN LATERAL (SELECT pg_catalog.concat(p.proname, E'\\x1f', {arguments}) AS text) AS f \
              GROUP BY s.oid, s.nspname",
            self.schemas.with(&FUNCTIONS, &names(self.objects.functions.iter().map(ObjectName::name))),
        )
    }

    fn tables(&self) -> String {
        names(self.objects.tables.iter().map(ObjectName::name))
    }
}

fn read_existing(text: &str, shape: &mut Shape) {
    shape.schema.usage = text == "true";
}

fn read_relations(text: &str, shape: &mut Shape) {
    for relation in text.split(GROUP) {
        let mut parts = relation.split(RECORD);
        let mut fields = parts.next().unwrap_or_default().split(FIELD);
        let (Some(name), Some(kind)) = (fields.next(), fields.next()) else { continue };
        let relation = Relation {
            kind: relation_kind(kind),
            populated: fields.next() != Some("f"),
            columns: parts.filter_map(column).collect(),
            constraints: BTreeMap::new(),
            privileges: BTreeSet::new(),
        };
        shape.schema.relations.insert(name.into(), relation);
    }
}

fn column(text: &str) -> Option<(Box<str>, Column)> {
    let mut fields = text.split(FIELD);
    let name = fields.next()?;
    let ty = type_name(fields.next().unwrap_or("???"));
    Some((name.into(), Column { ty, nullable: fields.next().is_none() }))
}

fn read_constraints(text: &str, shape: &mut Shape) {
    for [table, name, validated] in records(text) {
        if let Some(relation) = shape.schema.relations.get_mut(table) {
            relation.constraints.insert(name.into(), validated == "t");
        }
    }
}

fn read_privileges(text: &str, shape: &mut Shape) {
    for [table, keyword] in records(text) {
        if let Some(relation) = shape.schema.relations.get_mut(table) {
            relation.privileges.extend(Privilege::from_keyword(keyword));
        }
    }
}

fn read_enums(text: &str, shape: &mut Shape) {
    for record in text.split(GROUP) {
        let mut fields = record.split(FIELD);
        let Some(name) = fields.next() else { continue };
        shape.schema.enums.insert(name.into(), fields.map(Into::into).collect());
    }
}

fn read_indexes(text: &str, shape: &mut Shape) {
    for [name, valid] in records(text) {
        // Whether it is there and valid is all that is ever required of one.
        let index = Index { table: Box::default(), unique: false, valid: valid == "t" };
        shape.schema.indexes.insert(name.into(), index);
    }
}

fn read_functions(text: &str, shape: &mut Shape) {
    for [name, arguments] in records(text) {
        shape.schema.functions.entry(name.into()).or_default().insert(arguments.into());
    }
}

/// Things of so many fields.
fn records<const N: usize>(text: &str) -> impl Iterator<Item = [&str; N]> {
    text.split(GROUP).filter_map(|record| record.split(FIELD).collect::<Vec<_>>().try_into().ok())
}
