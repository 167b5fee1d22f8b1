//! The objects that a route declares beside a ledger.

use std::sync::Arc;

use super::Object;
use crate::{Fact, ObjectName};

/// The objects that a route declares beside a ledger: of the ledger's migrations those alone gate
/// it that create or alter one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredObjects(Arc<[Object]>);

impl DeclaredObjects {
    /// What `facts` speak of; `None` if that is nothing but ledgers.
    pub fn of<'f>(facts: impl IntoIterator<Item = &'f Fact>) -> Option<Self> {
        let mut objects: Vec<Object> = facts.into_iter().filter_map(Fact::object).collect();
        objects.sort();
        objects.dedup();
        (!objects.is_empty()).then(|| Self(objects.into()))
    }

    /// The objects, each once.
    pub fn objects(&self) -> &[Object] {
        &self.0
    }

    /// Whether what is done to `object`, or is missing of it, matters to whoever needs these.
    pub fn concerns(&self, object: &Object) -> bool {
        self.0.iter().any(|declared| concerns(object, declared))
    }
}

/// Whether what is done to `touched` matters to whoever needs `declared`.
///
/// What is done to a table as a whole matters to each of its columns, and the other way about.
/// Upper and lower case are the same here, since they are in SQLite: at worst too much is gated.
fn concerns(touched: &Object, declared: &Object) -> bool {
    let text = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let same = |a: &ObjectName, b: &ObjectName| {
        text(a.name(), b.name()) && a.schema().zip(b.schema()).is_none_or(|(a, b)| text(a, b))
    };
    match (declared, touched) {
        (Object::Schema(a), Object::Schema(b)) | (Object::Extension(a), Object::Extension(b)) => text(a, b),
        (Object::Schema(_), Object::Extension(_)) => false,
        // A name without a schema may lie in any.
        (Object::Schema(schema), _) => touched.schema().is_none_or(|own| text(own, schema)),
        (Object::Column(a, own), Object::Column(b, other))
        | (Object::Constraint(a, own), Object::Constraint(b, other)) => same(a, b) && text(own, other),
        (Object::Relation(a), Object::Relation(b) | Object::Column(b, _) | Object::Constraint(b, _))
        | (Object::Column(a, _) | Object::Constraint(a, _), Object::Relation(b))
        | (
            Object::Enum(a) | Object::EnumValue(a, _) | Object::Type(a),
            Object::Enum(b) | Object::EnumValue(b, _) | Object::Type(b),
        )
        | (Object::Index(a), Object::Index(b))
        | (Object::Function(a), Object::Function(b)) => same(a, b),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::name;

    fn column(table: &str, column: &str) -> Object {
        Object::Column(name(table), column.into())
    }

    #[test]
    fn a_table_and_its_columns_concern_each_other_and_columns_only_themselves() {
        let customers = Object::Relation(name("customers"));
        assert!(concerns(&customers, &column("customers", "email")));
        assert!(concerns(&column("customers", "email"), &customers));
        assert!(concerns(&column("customers", "email"), &column("customers", "email")));
        assert!(!concerns(&column("customers", "email"), &column("customers", "name")));
        assert!(!concerns(&customers, &Object::Relation(name("orders"))));
    }

    #[test]
    fn schemas_must_not_contradict_each_other() {
        let table = |text| Object::Relation(name(text));
        assert!(concerns(&table("app.orders"), &table("orders")));
        assert!(concerns(&table("orders"), &table("app.orders")));
        assert!(!concerns(&table("public.orders"), &table("app.orders")));
    }

    #[test]
    fn a_type_is_one_whatever_is_known_of_it_and_no_table() {
        let status = name("Status");
        assert!(concerns(&Object::Type(status.clone()), &Object::Enum(status.clone())));
        assert!(concerns(&Object::EnumValue(status.clone(), "NEW".into()), &Object::Enum(status.clone())));
        assert!(!concerns(&Object::Relation(status.clone()), &Object::Enum(status)));
    }

    #[test]
    fn a_schema_is_concerned_by_all_that_may_lie_in_it() {
        let app = Object::Schema("app".into());
        assert!(concerns(&column("app.orders", "id"), &app) && concerns(&column("orders", "id"), &app));
        assert!(!concerns(&column("public.orders", "id"), &app));
        assert!(!concerns(&Object::Extension("app".into()), &app));
    }
}
