//! What of a catalog another one must contain.

use crate::{Catalog, Fact, FunctionSpec, ObjectName};

/// What of a catalog another one must contain: always its tables and views, their columns with
/// type and nullability, and its enums with their values; and of the rest what is said here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a kind of object that a user takes in or leaves out")]
pub struct Contract {
    /// Unique indexes, those of unique constraints and primary keys among them: without one,
    /// `ON CONFLICT` fails and doubles get in.
    pub unique: bool,
    /// The other indexes: without one, requests are slow and right.
    pub indexes: bool,
    /// Constraints that are validated.
    pub constraints: bool,
    /// Functions and procedures.
    pub functions: bool,
    /// Extensions.
    pub extensions: bool,
}

impl Default for Contract {
    /// What requests fail without.
    fn default() -> Self {
        Self { unique: true, indexes: false, constraints: false, functions: true, extensions: true }
    }
}

impl Contract {
    /// What must hold where `catalog`, a [`crate::Scope`]'s, is contained; more may be there.
    pub fn facts(self, catalog: &Catalog) -> Vec<Fact> {
        let mut facts = Vec::new();
        for (schema, objects) in &catalog.schemas {
            for (name, relation) in &objects.relations {
                let table = ObjectName::seen_in(schema, name);
                facts.push(Fact::Table(table.clone()));
                facts.extend(relation.columns.iter().map(|(name, column)| Fact::Column {
                    table: table.clone(),
                    column: name.clone(),
                    ty: Some(column.ty.clone()),
                    nullable: Some(column.nullable),
                }));
                let valid = relation.constraints.iter().filter(|(_, valid)| self.constraints && **valid);
                facts
                    .extend(valid.map(|(name, _)| Fact::Constraint { table: table.clone(), constraint: name.clone() }));
            }
            facts.extend(
                objects.enums.iter().map(|(name, values)| Fact::Enum {
                    name: ObjectName::seen_in(schema, name),
                    values: values.clone(),
                }),
            );
            let indexes = objects.indexes.iter().filter(|(_, index)| {
                let asked = if index.unique { self.unique } else { self.indexes };
                asked && index.valid
            });
            facts.extend(indexes.map(|(name, _)| Fact::Index(ObjectName::seen_in(schema, name))));
            for (name, overloads) in objects.functions.iter().filter(|_| self.functions) {
                let name = ObjectName::seen_in(schema, name);
                facts.extend(overloads.iter().map(|list| {
                    let arguments = FunctionSpec::arguments_of(list);
                    Fact::Function { name: name.clone(), arguments }
                }));
            }
        }
        facts.extend(catalog.extensions.keys().filter(|_| self.extensions).cloned().map(Fact::Extension));
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{catalog, requirement};
    use crate::{Catalog, Finding, Index, Scope, Verdict};

    const ALL: Contract =
        Contract { unique: true, indexes: true, constraints: true, functions: true, extensions: true };

    fn judged(contract: Contract, found: &Catalog) -> (Verdict, Vec<String>) {
        let locked = Scope::default().of(&whole());
        let (verdict, findings) = requirement("contract", contract.facts(&locked)).judge(found);
        (verdict, findings.iter().map(Finding::to_string).collect())
    }

    /// A database in which nothing is half done.
    fn whole() -> Catalog {
        let mut whole = catalog();
        whole.schemas.get_mut("public").expect("a schema").relations.get_mut("report").expect("a view").populated =
            true;
        whole
    }

    #[test]
    fn a_database_contains_itself() {
        for contract in [Contract::default(), ALL] {
            assert_eq!(judged(contract, &whole()), (Verdict::Ready, vec![]));
        }
    }

    #[test]
    fn more_than_the_contract_is_fine_and_less_is_not() {
        let mut found = whole();
        let app = found.schemas.get_mut("app").expect("a schema");
        app.relations.insert("extra".into(), crate::sample::relation(&["id text"]));
        let customers = app.relations.get_mut("customers").expect("a table");
        let email = customers.columns.remove("email").expect("a column");
        customers.columns.insert("phone".into(), email);
        app.functions.get_mut("add_tax").expect("a function").remove("numeric");
        app.enums.insert("Status".into(), vec!["PAID".into()]);
        let (verdict, findings) = judged(Contract::default(), &found);
        assert_eq!(verdict, Verdict::Broken);
        assert_eq!(
            findings,
            [
                "column customers.email is missing",
                "enum type Status is different: it lacks NEW",
                "function add_tax is different: it takes (numeric, integer), required is (numeric)",
            ]
        );
    }

    #[test]
    fn an_index_counts_by_default_only_where_it_keeps_values_apart() {
        let mut found = whole();
        let app = found.schemas.get_mut("app").expect("a schema");
        app.indexes.get_mut("customers_email_idx").expect("an index").valid = false;
        assert_eq!(judged(Contract::default(), &found), (Verdict::Ready, vec![]));
        assert_eq!(judged(ALL, &found).0, Verdict::Broken);

        let unique = Index { table: "customers".into(), unique: true, valid: true };
        let mut locked = whole();
        locked.schemas.get_mut("app").expect("a schema").indexes.insert("customers_email_key".into(), unique);
        let facts = Contract::default().facts(&Scope::default().of(&locked));
        assert!(facts.contains(&Fact::Index(crate::sample::name("customers_email_key"))));
    }
}
