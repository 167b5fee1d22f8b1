//! A catalog that migrations leave behind, held against another one.

use super::{Difference, DifferenceKind, Subject};
use crate::ledger::{Doubt, Object, Replay};
use crate::{Catalog, ObjectName, Scope};

/// A catalog that migrations leave behind. It knows less than one that a database told.
#[derive(Debug, Clone, Copy)]
pub struct Replayed<'r>(pub &'r Replay);

/// A difference that may be none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// What it would be.
    pub difference: Difference,
    /// The steps that may have done away with it; where there are none, PostgreSQL made up a name
    /// in a way that is not followed.
    pub doubts: Vec<Doubt>,
}

impl Replayed<'_> {
    /// The part of it that is in `scope`. What it does not know, such as a view's columns, is as it
    /// is in `other`, a [`Scope`]'s.
    pub fn beside(self, other: &Catalog, scope: &Scope) -> Catalog {
        let mut part = scope.of(self.0.catalog());
        for (schema, objects) in &mut part.schemas {
            // Their parents stand for them, in a capture too.
            let is_partition = |name: &str| self.0.is_partition(&self.absolute(&ObjectName::seen_in(schema, name)));
            objects.relations.retain(|name, _| !is_partition(name));
            objects.indexes.retain(|_, index| !is_partition(&index.table));
            let Some(others) = other.schemas.get(schema) else { continue };
            for (name, relation) in &mut objects.relations {
                let Some(other) = others.relations.get(name) else { continue };
                let table = self.absolute(&ObjectName::seen_in(schema, name));
                for (column, found) in &mut relation.columns {
                    if let Some(known) = other.columns.get(column).filter(|_| !self.0.knows_type(&table, column)) {
                        found.ty = known.ty.clone();
                    }
                }
                if !self.0.knows_columns(&table) {
                    let unknown = other.columns.iter().filter(|(name, _)| !relation.columns.contains_key(*name));
                    let unknown: Vec<_> = unknown.map(|(name, column)| (name.clone(), column.clone())).collect();
                    relation.columns.extend(unknown);
                }
            }
        }
        part
    }

    /// The differences from `other` that there are for certain, and those that may be none.
    /// `expected` says whether the migrations are the side that is expected.
    pub fn told(self, differences: Vec<Difference>, other: &Catalog, expected: bool) -> (Vec<Difference>, Vec<Untold>) {
        let (mut told, mut untold) = (Vec::new(), Vec::new());
        for difference in differences {
            match self.doubts(&difference, other, expected) {
                Some(doubts) => untold.push(Untold { difference, doubts }),
                None => told.push(difference),
            }
        }
        (told, untold)
    }

    /// Why a difference may be none; `None` if there is no doubt.
    fn doubts(self, difference: &Difference, other: &Catalog, expected: bool) -> Option<Vec<Doubt>> {
        let Subject::Object(object) = &difference.subject else { return None };
        let lacking = if expected { DifferenceKind::Extra } else { DifferenceKind::Missing };
        let qualified = object.clone().map_name(|name| self.absolute(&name));
        let doubts: Vec<Doubt> = if difference.kind == lacking {
            self.0.may_have_made(&qualified).cloned().collect()
        } else {
            self.0.may_have_touched(&qualified).cloned().collect()
        };
        let is_nameless = difference.kind == lacking
            && table_of(object, other).is_some_and(|on| !self.0.knows_names(&self.absolute(&on)));
        (is_nameless || !doubts.is_empty()).then_some(doubts)
    }

    /// A name as the replay has it.
    fn absolute(self, name: &ObjectName) -> ObjectName {
        let own = self.0.catalog().default_schema().unwrap_or("public");
        ObjectName::qualified(name.schema().unwrap_or(own), name.name())
    }
}

/// The table of an index or a constraint.
fn table_of(object: &Object, catalog: &Catalog) -> Option<ObjectName> {
    match object {
        Object::Constraint(table, _) => Some(table.clone()),
        Object::Index(name) => {
            let schema = name.schema().unwrap_or_default();
            let index = catalog.schemas.get(schema)?.indexes.get(name.name())?;
            Some(ObjectName::seen_in(schema, &index.table))
        }
        _ => None,
    }
}
