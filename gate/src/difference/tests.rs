use super::*;
use crate::ledger::Existing;
use crate::ledger::{Change, Migration, NewColumn, NewConstraint, NewRelation, Reach, Replay, Step, Steps, Tool};
use crate::sample::{catalog, name, relation};
use crate::{RelationKind, Scope};

fn whole() -> Catalog {
    Scope::default().of(&catalog())
}

fn told(expected: &Catalog, found: &Catalog) -> Vec<String> {
    Difference::between(expected, found).iter().map(ToString::to_string).collect()
}

#[test]
fn a_catalog_is_no_different_from_itself() {
    assert_eq!(told(&whole(), &whole()), Vec::<String>::new());
}

#[test]
fn each_kind_of_change_is_one_difference() {
    type Alter = fn(&mut Schema, &mut Catalog);
    let cases: [(Alter, &str); 14] = [
        (|own, _| _ = own.relations.remove("customers"), "missing   table customers"),
        (|own, _| _ = own.relations.insert("new".into(), relation(&["id text"])), "extra     table new"),
        (|own, _| customers(own).kind = RelationKind::View, "different table customers: table -> view"),
        (|own, _| _ = customers(own).columns.remove("email"), "missing   column customers.email: text null"),
        (
            |own, _| {
                customers(own).columns.get_mut("email").expect("a column").ty = "varchar(9)".parse().expect("a type");
            },
            "different column customers.email: text null -> character varying(9) null",
        ),
        (
            |own, _| customers(own).columns.get_mut("id").expect("a column").nullable = true,
            "different column customers.id: text not null -> text null",
        ),
        (
            |own, _| _ = customers(own).constraints.remove("customers_pkey"),
            "missing   constraint customers.customers_pkey: valid",
        ),
        (
            |own, _| _ = customers(own).constraints.insert("customers_email_check".into(), true),
            "different constraint customers.customers_email_check: not valid -> valid",
        ),
        (|own, _| _ = own.enums.insert("Status".into(), vec!["NEW".into()]), "different enum Status: NEW, PAID -> NEW"),
        (
            |own, _| _ = own.indexes.remove("customers_email_idx"),
            "missing   index customers_email_idx: index on customers",
        ),
        (
            |own, _| own.indexes.get_mut("customers_email_idx").expect("an index").unique = true,
            "different index customers_email_idx: index on customers -> unique index on customers",
        ),
        (
            |own, _| _ = own.functions.get_mut("add_tax").expect("a function").remove("numeric"),
            "different function add_tax: (numeric) and (numeric, integer) -> (numeric, integer)",
        ),
        (|_, all| all.extensions.clear(), "missing   extension pgcrypto"),
        (|_, all| _ = all.extensions.insert("citext".into(), "".into()), "extra     extension citext"),
    ];
    for (alter, expected) in cases {
        let mut found = whole();
        let mut own = found.schemas.remove("").expect("the default schema");
        alter(&mut own, &mut found);
        found.schemas.insert(Box::default(), own);
        assert_eq!(told(&whole(), &found), [expected]);
    }
}

fn customers(schema: &mut Schema) -> &mut Relation {
    schema.relations.get_mut("customers").expect("a table")
}

#[test]
fn a_unique_constraint_that_is_missing_is_told_once_and_not_with_its_index() {
    let with = |index: bool, constraint: bool| {
        let mut all = whole();
        let own = all.schemas.get_mut("").expect("the default schema");
        if constraint {
            customers(own).constraints.insert("customers_email_key".into(), true);
        }
        if index {
            let unique = Index { table: "customers".into(), unique: true, valid: true };
            own.indexes.insert("customers_email_key".into(), unique);
        }
        all
    };
    let missing = ["missing   constraint customers.customers_email_key: valid"];
    assert_eq!(told(&with(true, true), &with(false, false)), missing);
    assert_eq!(told(&with(true, true), &with(true, false)), missing);
    assert_eq!(
        told(&with(true, false), &with(false, false)),
        ["missing   index customers_email_key: unique index on customers"]
    );
}

#[test]
fn ledgers_are_compared_by_what_is_applied() {
    let with = |keys: &[&str]| {
        let ledger = Ledger { tool: Tool::named("knex").expect("a tool"), table: name("knex_migrations") };
        let reading = Reading::of_applied(keys.iter().map(|key| (*key).into()));
        Catalog { ledgers: [(ledger, reading)].into(), ..whole() }
    };
    assert_eq!(told(&with(&["a", "b"]), &with(&["b", "c"])), ["missing   migration a", "extra     migration c"]);
    assert_eq!(told(&with(&["a"]), &whole()), ["missing   ledger knex_migrations"]);
}

/// What migrations of these changes leave behind in the schema `app`.
fn replay(changes: Vec<Change>) -> Replay {
    let steps = changes.into_iter().zip(1..).map(|(change, line)| Step { change, line }).collect();
    let migration = Migration { key: "1_first".into(), steps: Steps::Read(steps), ..Migration::default() };
    Replay::of(&["app".into()], [&migration])
}

fn orders(constraints: Vec<NewConstraint>) -> Change {
    let column = |name: &str, ty: &str| NewColumn { name: name.into(), ty: ty.parse().ok(), nullable: true };
    Change::CreateRelation(NewRelation {
        name: name("orders"),
        kind: RelationKind::Table,
        columns: vec![column("id", "int"), column("note", "text")],
        partition: false,
        copies: Vec::new(),
        complete: true,
        constraints,
        existing: Existing::Fails,
    })
}

/// A database with such a table.
fn found(columns: &[&str], constraints: &[&str]) -> Catalog {
    let mut orders = relation(columns);
    orders.constraints = constraints.iter().map(|name| ((*name).into(), true)).collect();
    let own = Schema { relations: [("orders".into(), orders)].into(), ..Schema::default() };
    let catalog =
        Catalog { search_path: vec!["public".into()], schemas: [("public".into(), own)].into(), ..Catalog::default() };
    Scope::default().of(&catalog)
}

/// What is told for certain, and what is not.
fn told_of(replay: &Replay, found: &Catalog) -> (Vec<String>, Vec<String>) {
    let replayed = Replayed(replay);
    let expected = replayed.beside(found, &Scope::default());
    let (told, untold) = replayed.told(Difference::between(&expected, found), found, true);
    (
        told.iter().map(ToString::to_string).collect(),
        untold.iter().map(|untold| untold.difference.to_string()).collect(),
    )
}

#[test]
fn migrations_are_compared_with_a_database_whose_schema_has_another_name() {
    let replay = replay(vec![orders(Vec::new())]);
    assert_eq!(told_of(&replay, &found(&["id int?", "note text?"], &[])), (vec![], vec![]));
    let (told, untold) = told_of(&replay, &found(&["id int?", "extra text?"], &[]));
    assert_eq!(told, ["extra     column orders.extra: text null", "missing   column orders.note: text null"]);
    assert_eq!(untold, Vec::<String>::new());
}

#[test]
fn what_a_step_that_was_not_understood_may_have_done_is_not_told_for_certain() {
    let unread = |reach| Change::Unread { why: "it is a DO block".into(), reach };
    let words = Reach::Words(["extra".into()].into());
    let (told, untold) =
        told_of(&replay(vec![orders(Vec::new()), unread(words)]), &found(&["id int?", "extra text?"], &[]));
    assert_eq!(told, ["missing   column orders.note: text null"]);
    assert_eq!(untold, ["extra     column orders.extra: text null"]);

    let (told, untold) = told_of(&replay(vec![orders(Vec::new()), unread(Reach::Anything)]), &found(&["id int?"], &[]));
    assert_eq!((told, untold.len()), (vec![], 1));
}

#[test]
fn a_name_that_postgresql_makes_up_is_no_difference_where_it_is_not_followed() {
    let on_expression = Change::CreateIndex {
        name: None,
        table: name("orders"),
        columns: Vec::new(),
        mentions: vec!["note".into()],
        unique: false,
        if_absent: false,
    };
    let mut found = found(&["id int?", "note text?"], &[]);
    let index = Index { table: "orders".into(), unique: false, valid: true };
    found.schemas.get_mut("").expect("the default schema").indexes.insert("orders_lower_idx".into(), index);
    let (told, untold) = told_of(&replay(vec![orders(Vec::new()), on_expression]), &found);
    assert_eq!((told, untold), (vec![], vec!["extra     index orders_lower_idx: index on orders".to_owned()]));
    let (told, _) = told_of(&replay(vec![orders(Vec::new())]), &found);
    assert_eq!(told, ["extra     index orders_lower_idx: index on orders"]);
}

#[test]
fn a_partition_is_nothing_that_a_capture_would_have() {
    let Change::CreateRelation(parent) = orders(Vec::new()) else { panic!("a table") };
    let partition = NewRelation {
        name: name("orders_2026"),
        columns: Vec::new(),
        copies: vec![name("orders")],
        partition: true,
        ..parent.clone()
    };
    let replay = replay(vec![Change::CreateRelation(parent), Change::CreateRelation(partition)]);
    assert_eq!(told_of(&replay, &found(&["id int?", "note text?"], &[])), (vec![], vec![]));
}
