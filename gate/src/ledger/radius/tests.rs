use super::*;
use crate::Fact;
use crate::ledger::{Change, EnumPlace, Reach};
use crate::sample::{add_column, create, drop_table, index, migration, name, table};

fn tool(name: &str) -> &'static Tool {
    Tool::named(name).unwrap_or_else(|| panic!("{name} is no tool"))
}

fn radius(changes: impl IntoIterator<Item = Change>) -> Radius {
    Radius::of(tool("prisma"), &migration("1", changes))
}

fn column(table: &str, column: &str) -> Fact {
    Fact::Column { table: name(table), column: column.into(), ty: None, nullable: None }
}

fn declared_objects(facts: impl IntoIterator<Item = Fact>) -> DeclaredObjects {
    DeclaredObjects::of(&facts.into_iter().collect::<Vec<_>>()).expect("an object")
}

fn unread(reach: Reach) -> Change {
    Change::Unread { why: "odd".into(), reach }
}

fn rows(table: &str) -> Change {
    Change::Rows { table: name(table), how: "UPDATE" }
}

#[test]
fn what_nobody_can_miss_gates_nobody() {
    let drop_column = || Change::DropColumn { table: name("orders"), column: "old".into() };
    for (changes, why) in [
        (vec![], Harmless::Empty),
        (vec![index("i", "orders", false)], Harmless::Indexes),
        (vec![Change::DropIndex { name: name("i") }], Harmless::Drops),
        (vec![drop_table("orders"), drop_column()], Harmless::Drops),
        (vec![Change::AlterRelation { name: name("orders"), how: "DROP DEFAULT".into() }], Harmless::Drops),
        (vec![drop_column(), index("i", "orders", false)], Harmless::IndexesAndDrops),
    ] {
        let radius = radius(changes);
        assert_eq!(radius, Radius::Nothing(why));
        assert!(!radius.gates() && !radius.touches(&declared_objects([table("orders")])), "{radius:?}");
    }
}

#[test]
fn what_an_application_can_miss_gates_it() {
    let name = || name("orders");
    let column = || "total".into();
    for change in [
        create("orders", &["id"]),
        add_column("orders", "total"),
        Change::RenameRelation { name: "bills".parse().expect("a name"), to: "orders".into() },
        Change::RenameRelation { name: name(), to: "bills".into() },
        Change::RenameColumn { table: name(), column: column(), to: "sum".into() },
        Change::ColumnType { table: name(), column: column(), ty: None },
        // Who stops to write a value fails until none is demanded.
        Change::ColumnNull { table: name(), column: column(), nullable: true },
        Change::AlterRelation { name: name(), how: "SET DEFAULT".into() },
        // ON CONFLICT fails without it.
        index("i", "orders", true),
    ] {
        let radius = radius([drop_table("x"), change.clone()]);
        assert!(radius.gates() && radius.touches(&declared_objects([table("orders")])), "{change:?}");
        assert!(!radius.touches(&declared_objects([table("customers")])), "{change:?}");
        assert!(!radius.touches(&declared_objects([table("x")])), "what is dropped is not missed: {change:?}");
    }
}

#[test]
fn a_declared_column_is_touched_by_its_own_steps_and_by_those_on_its_table() {
    let total = declared_objects([column("orders", "total")]);
    assert!(radius([add_column("orders", "total")]).touches(&total));
    assert!(radius([create("app.orders", &["id"])]).touches(&total));
    assert!(radius([Change::AlterRelation { name: name("orders"), how: "OWNER TO".into() }]).touches(&total));
    assert!(!radius([add_column("orders", "note")]).touches(&total));
    assert!(!radius([add_column("bills", "total")]).touches(&total));
}

#[test]
fn what_was_not_understood_touches_everything() {
    for reach in [Reach::Anything, Reach::Words(["x".into()].into())] {
        let radius = radius([index("i", "orders", false), unread(reach)]);
        assert_eq!(radius, Radius::Anything);
        assert!(radius.gates() && radius.touches(&declared_objects([table("orders")])));
    }
    let not_read = Migration { steps: Steps::NotRead { why: "too big".into() }, ..migration("1", []) };
    assert_eq!(Radius::of(tool("prisma"), &not_read), Radius::Anything);
    assert_eq!(Radius::of(tool("node-pg-migrate"), &not_read), Radius::Anything, "an SQL file");
}

#[test]
fn of_a_program_that_nobody_read_the_declared_objects_tell() {
    let not_read = Steps::NotRead { why: "a program".into() };
    let program = Migration { steps: not_read, place: "1.js".into(), ..migration("1", []) };
    for name in ["knex", "node-pg-migrate"] {
        let radius = Radius::of(tool(name), &program);
        assert_eq!(radius, Radius::Program);
        assert!(radius.gates() && !radius.touches(&declared_objects([table("orders")])));
    }
}

#[test]
fn rows_gate_only_where_nothing_narrows() {
    for change in [rows("orders"), unread(Reach::Rows)] {
        let radius = radius([change]);
        assert_eq!(radius, Radius::Rows);
        assert!(radius.gates() && !radius.touches(&declared_objects([table("orders")])));
    }
    assert!(radius([rows("orders"), add_column("orders", "x")]).touches(&declared_objects([table("orders")])));
}

#[test]
fn types_functions_and_extensions_are_known_by_name() {
    let status = declared_objects([Fact::Enum { name: name("Status"), values: Vec::new() }]);
    let added = Change::AddEnumValue { name: name("Status"), value: "PAID".into(), place: EnumPlace::End };
    assert!(radius([added.clone()]).touches(&status));
    assert!(radius([Change::RenameType { name: name("OldStatus"), to: "Status".into() }]).touches(&status));
    assert!(!radius([added]).touches(&declared_objects([table("Status")])));
    let function = Change::CreateFunction { name: name("recount"), arguments: None };
    assert!(radius([function]).touches(&declared_objects([Fact::Function { name: name("recount"), arguments: None }])));
    let extension = Change::CreateExtension { name: "pg_trgm".into() };
    assert!(radius([extension]).touches(&declared_objects([Fact::Extension("pg_trgm".into())])));
}
