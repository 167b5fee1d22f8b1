//! What one look costs the process, where a ledger is required: 300 applied migrations that made
//! 100 tables of 10 columns, all of them there.

#![expect(clippy::expect_used, reason = "the scene is fixed: a mistake in it must stop the measurement")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use divan::Bencher;
use gate::ledger::{
    Change, DeclaredObjects, Existing, Expected, Ledger, LockState, Mark, Migration, NewColumn, NewRelation, Reading,
    Row, Step, Steps, Tool,
};
use gate::{Catalog, Column, DatabaseId, Fact, ObjectName, Relation, RelationKind, Requirement, Schema, TypeName};

const TABLES: usize = 100;
const COLUMNS: usize = 10;

fn main() {
    divan::main();
}

/// The whole ledger, as at every look.
#[divan::bench]
fn whole(bencher: Bencher<'_, '_>) {
    let (catalog, expected) = scene();
    let requirement = requirement(Fact::Migrations(expected));
    bencher.bench(|| requirement.judge(&catalog));
}

/// The share of a route that declares one table.
#[divan::bench]
fn share(bencher: Bencher<'_, '_>) {
    let (catalog, expected) = scene();
    let table = Fact::Table(ObjectName::unqualified("table7"));
    let declared = DeclaredObjects::of([&table]).expect("an object");
    let requirement = requirement(Fact::MigrationsTouching(expected, declared));
    bencher.bench(|| requirement.judge(&catalog));
}

/// The first look, and the one after a migration: what is there by the ledger is worked out anew.
#[divan::bench]
fn first(bencher: Bencher<'_, '_>) {
    let (catalog, expected) = scene();
    // A copy remembers nothing.
    let forgetful = || requirement(Fact::Migrations(Arc::new(Expected::clone(&expected))));
    bencher.with_inputs(forgetful).bench_refs(|requirement| requirement.judge(&catalog));
}

fn requirement(fact: Fact) -> Requirement {
    Requirement { name: "release".into(), database: DatabaseId(0), facts: vec![fact], per_tenant: false }
}

fn scene() -> (Catalog, Arc<Expected>) {
    let tool = Tool::named("prisma").expect("a tool");
    let ledger = Ledger { tool, table: ObjectName::unqualified("_prisma_migrations") };
    let migrations: Vec<Migration> = (0..TABLES).flat_map(of_table).collect();
    let row = |migration: &Migration| Row { key: migration.key.clone(), mark: Mark::Done, checksum: None, log: None };
    let reading = Reading::Rows { rows: migrations.iter().map(row).collect(), lock: LockState::Free };
    let mut relations: BTreeMap<Box<str>, Relation> =
        (0..TABLES).map(|table| (format!("table{table}").into(), relation(&columns()))).collect();
    let own: Vec<Box<str>> = tool
        .columns
        .iter()
        .map(|(_, name)| (*name).into())
        .chain(tool.also.iter().map(|name| (*name).into()))
        .collect();
    relations.insert("_prisma_migrations".into(), relation(&own));
    let public = Schema { usage: true, relations, ..Schema::default() };
    let catalog = Catalog {
        search_path: vec!["public".into()],
        schemas: [("public".into(), public)].into(),
        ledgers: [(ledger.clone(), reading)].into(),
        ..Catalog::default()
    };
    (catalog, Arc::new(Expected::new(ledger, migrations)))
}

/// One that makes a table, one that adds a column, one that builds an index.
fn of_table(table: usize) -> [Migration; 3] {
    let name = ObjectName::unqualified(&format!("table{table}"));
    let new = |name: &str| NewColumn { name: name.into(), ty: "text".parse().ok(), nullable: true };
    let columns = columns();
    let (last, first) = columns.split_last().expect("columns");
    let create = Change::CreateRelation(NewRelation {
        name: name.clone(),
        kind: RelationKind::Table,
        columns: first.iter().map(|name| new(name)).collect(),
        copies: Vec::new(),
        complete: true,
        constraints: Vec::new(),
        partition: false,
        existing: Existing::Fails,
    });
    let add = Change::AddColumn { table: name.clone(), column: new(last), if_absent: false };
    let index = Change::CreateIndex {
        name: None,
        table: name,
        columns: vec![last.clone()],
        unique: false,
        if_absent: false,
        mentions: Vec::new(),
    };
    let mut number = 3 * table;
    [create, add, index].map(|change| {
        number += 1;
        let key: Box<str> = format!("{number:06}_migration").into();
        Migration { name: key.clone(), key, steps: Steps::Read(vec![Step { change, line: 1 }]), ..Migration::default() }
    })
}

fn columns() -> Vec<Box<str>> {
    (0..COLUMNS).map(|column| format!("column{column}").into()).collect()
}

fn relation(columns: &[Box<str>]) -> Relation {
    let text = || Column { ty: TypeName::verbatim("text"), nullable: true };
    Relation {
        kind: RelationKind::Table,
        populated: true,
        columns: columns.iter().map(|name| (name.clone(), text())).collect(),
        constraints: BTreeMap::new(),
        privileges: BTreeSet::new(),
    }
}
