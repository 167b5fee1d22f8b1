use std::collections::BTreeSet;

use super::*;
use crate::ledger::{Ledger, NewRelation, Reach, Tool};
use crate::sample::{add_column, create, drop_table, migration, name, relation, table};

use MigrationState::{Applied, Edited, Pending, Presumed, Replaced};

fn expected(migrations: Vec<Migration>) -> Expected {
    let tool = Tool::named("prisma").expect("a tool");
    Expected::new(Ledger { tool, table: name("_prisma_migrations") }, migrations)
}

/// Tables of `app` and `public` with their columns.
fn catalog(tables: &[(&str, &[&str])]) -> Catalog {
    let mut catalog = Catalog { search_path: vec!["app".into(), "public".into()], ..Catalog::default() };
    for schema in ["app", "public"] {
        catalog.schemas.insert(schema.into(), Schema::default());
    }
    for (table, columns) in tables {
        let table = name(table);
        let columns: Vec<String> = columns.iter().map(|column| format!("{column} text")).collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let schema = catalog.schemas.entry(table.schema().unwrap_or("app").into()).or_default();
        schema.relations.insert(table.name().into(), relation(&columns));
    }
    catalog
}

/// What an operator reads of what is missing.
fn missing(
    migrations: &[(Migration, MigrationState)],
    catalog: &Catalog,
    declared: Option<&DeclaredObjects>,
) -> Vec<String> {
    let (migrations, states): (Vec<_>, Vec<_>) = migrations.iter().cloned().unzip();
    let expected = expected(migrations);
    let path = &catalog.search_path;
    let missing = Claims::of(&expected, &states, path).missing(catalog, path, declared);
    missing.iter().map(ToString::to_string).collect()
}

fn init() -> (Migration, MigrationState) {
    (migration("1_init", [create("orders", &["id", "total"]), create("bills", &["id"])]), Applied)
}

fn enum_of(ty: &str, values: &[&str]) -> Change {
    let values = values.iter().map(|value| (*value).into()).collect();
    Change::CreateEnum { name: name(ty), values, if_absent: false }
}

#[test]
fn what_applied_migrations_made_must_be_there() {
    let whole = catalog(&[("orders", &["id", "total"]), ("bills", &["id"])]);
    assert_eq!(missing(&[init()], &whole, None), [""; 0]);
    assert_eq!(
        missing(&[init()], &catalog(&[("orders", &["id"])]), None),
        [
            "table bills is missing: 1_init made it and is applied",
            "column orders.total is missing: 1_init made it and is applied",
        ]
    );
    let (init, _) = init();
    assert_eq!(missing(&[(init.clone(), Edited)], &catalog(&[]), None).len(), 2);
    for unknown in [Pending, Presumed, Replaced] {
        assert_eq!(missing(&[(init.clone(), unknown)], &catalog(&[]), None), [""; 0], "{unknown}");
    }
}

#[test]
fn what_a_later_migration_dropped_or_renamed_is_not_expected() {
    let later = |change| [init(), (migration("2_later", [change]), Applied)];
    let bills = catalog(&[("bills", &["id"])]);
    assert_eq!(missing(&later(drop_table("orders")), &bills, None), [""; 0]);
    let rename = Change::RenameRelation { name: name("orders"), to: "sales".into() };
    let sales = catalog(&[("bills", &["id"]), ("sales", &["id", "total"])]);
    assert_eq!(missing(&later(rename.clone()), &sales, None), [""; 0]);
    assert!(missing(&later(rename), &bills, None)[0].starts_with("table sales is missing"));
    let drop = Change::DropColumn { table: name("orders"), column: "total".into() };
    let without = catalog(&[("bills", &["id"]), ("orders", &["id"])]);
    assert_eq!(missing(&later(drop), &without, None), [""; 0]);
}

#[test]
fn what_a_migration_that_is_not_applied_may_be_dropping_is_not_claimed() {
    let pending = [init(), (migration("2_contract", [drop_table("orders")]), Pending)];
    assert_eq!(missing(&pending, &catalog(&[("bills", &["id"])]), None), [""; 0]);
    assert_eq!(missing(&pending, &catalog(&[]), None), ["table bills is missing: 1_init made it and is applied"]);
}

#[test]
fn what_an_unread_step_can_have_touched_is_not_claimed() {
    let unread = |reach| (migration("2", [Change::Unread { why: "odd".into(), reach }]), Applied);
    let words = BTreeSet::from(["orders".into()]);
    let found = missing(&[init(), unread(Reach::Words(words))], &catalog(&[]), None);
    assert_eq!(found, ["table bills is missing: 1_init made it and is applied"]);
    assert_eq!(missing(&[init(), unread(Reach::Anything)], &catalog(&[]), None), [""; 0]);
    assert_eq!(missing(&[init(), unread(Reach::Rows)], &catalog(&[]), None).len(), 2);
    // What is made after it is certain.
    let after = [unread(Reach::Anything), init()];
    assert_eq!(missing(&after, &catalog(&[]), None).len(), 2);
}

#[test]
fn of_a_table_that_was_there_before_the_migrations_nothing_is_claimed() {
    let added = [(migration("1_add", [add_column("orders", "note")]), Applied)];
    assert_eq!(missing(&added, &catalog(&[]), None), [""; 0]);
}

#[test]
fn enums_and_their_values_are_claimed() {
    let migrations = [(migration("1_status", [enum_of("Status", &["NEW", "PAID"])]), Applied)];
    assert_eq!(
        missing(&migrations, &catalog(&[]), None),
        ["enum type Status is missing: 1_status made it and is applied"]
    );
    let mut catalog = catalog(&[]);
    catalog.schemas.get_mut("app").expect("a schema").enums.insert("Status".into(), vec!["NEW".into()]);
    assert_eq!(
        missing(&migrations, &catalog, None),
        ["enum type Status is different: it lacks PAID, which 1_status made, and that is applied"]
    );
}

#[test]
fn an_unqualified_name_may_lie_anywhere_along_the_path_and_a_qualified_one_elsewhere_only_there() {
    let found = catalog(&[("public.orders", &["id", "total"]), ("app.bills", &["id"])]);
    assert_eq!(missing(&[init()], &found, None), [""; 0]);
    let audit = [(migration("1", [create("audit.log", &["id"])]), Applied)];
    assert_eq!(missing(&audit, &catalog(&[("audit.log", &["id"])]), None), [""; 0]);
    let elsewhere = catalog(&[("public.log", &["id"])]);
    assert_eq!(missing(&audit, &elsewhere, None), ["table audit.log is missing: 1 made it and is applied"]);
}

#[test]
fn a_route_is_concerned_by_its_own_objects_alone() {
    let declared_objects = |fact| DeclaredObjects::of(&[fact]).expect("an object");
    let orders = declared_objects(table("orders"));
    assert_eq!(missing(&[init()], &catalog(&[("orders", &["id", "total"])]), Some(&orders)), [""; 0]);
    assert_eq!(
        missing(&[init()], &catalog(&[("orders", &["id"])]), Some(&orders)),
        ["column orders.total is missing: 1_init made it and is applied"]
    );
    let id = crate::Fact::Column { table: name("orders"), column: "id".into(), ty: None, nullable: None };
    assert_eq!(missing(&[init()], &catalog(&[("orders", &["id"])]), Some(&declared_objects(id))), [""; 0]);
}

#[test]
fn partitions_and_views_come_and_go_by_themselves() {
    let Change::CreateRelation(plain) = create("orders_2026", &["id"]) else { panic!("a table") };
    let partition = NewRelation { copies: vec![name("orders")], ..plain.clone() };
    let view = NewRelation { kind: RelationKind::View, ..plain };
    for relation in [partition, view] {
        let migrations = [(migration("1", [Change::CreateRelation(relation)]), Applied)];
        assert_eq!(missing(&migrations, &catalog(&[]), None), [""; 0]);
    }
}

#[test]
fn a_squash_beside_its_applied_originals_claims_nothing_of_its_own() {
    let rename = Change::RenameRelation { name: name("a"), to: "b".into() };
    let squash = Migration { replaces: vec!["1".into(), "2".into()], ..migration("1_squashed_2", [create("b", &[])]) };
    let migrations = [
        (migration("1", [create("a", &["id"])]), Applied),
        (squash.clone(), Applied),
        (migration("2", [rename]), Applied),
    ];
    assert_eq!(missing(&migrations, &catalog(&[("b", &["id"])]), None), [""; 0]);
    assert_eq!(missing(&[(squash, Applied)], &catalog(&[]), None).len(), 1, "alone it stands for them");
}

#[test]
fn every_name_that_may_be_claimed_is_asked_for() {
    let tool = Tool::named("prisma").expect("a tool");
    let ledger = Ledger { tool, table: name("app._prisma_migrations") };
    let rename = Change::RenameRelation { name: name("orders"), to: "sales".into() };
    let migrations = vec![migration("1", [create("orders", &["id"]), rename, enum_of("Status", &[])])];
    let expected = Expected::new(ledger, migrations);
    let asked: Vec<String> = askable(&expected).iter().map(|object| format!("{} {object}", object.what())).collect();
    assert_eq!(
        asked,
        [
            "table orders",
            "table sales",
            "table app.orders",
            "table app.sales",
            "column orders.id",
            "column app.orders.id",
            "enum Status",
            "enum app.Status",
        ]
    );
    assert_eq!(askable(&Expected { contradictions: false, ..expected }), BTreeSet::new());
}
