use gate::ledger::{Ledger, Reading, Tool};
use gate::{Catalog, Column, Index, Relation, RelationKind, Schema, Scope};
use proptest::prelude::*;

use super::Lock;

const TEXT: &str = r#"# What the database holds, as `schemagate lock` found it. Read it in review, and let `schemagate lock` change it.
version = 1
extensions = [
    "citext",
]
functions = [
    "recount()",
    "recount(integer, Status)",
    "app.total(numeric)",
]

[enums]
Status = [
    "NEW",
    "PAID",
]

[tables."Odd \"name\""]
"a.b" = "text null"

[tables.orders]
id = "bigint not null"
placed_at = "timestamp(3) without time zone null"
status = "Status not null"
[constraints.orders]
orders_customer_fkey = "not valid"
orders_pkey = "unique"
orders_total_check = "valid"
[indexes.orders]
orders_placed_at_idx = "index"
orders_status_key = "unique index"

[views.totals]
total = "numeric(10,2) null"

[tables."app.audit"]
at = "date null"

[ledgers._prisma_migrations]
tool = "prisma"
applied = [
    "20250101000000_init",
    "20250202000000_status",
]
"#;

fn parse(text: &str) -> Lock {
    Lock::parse(text, "schema.lock").unwrap_or_else(|complaints| panic!("{}", complaints.render(false)))
}

fn complaint(text: &str) -> String {
    Lock::parse(text, "schema.lock").expect_err("a complaint").render(false)
}

#[test]
fn a_lock_is_written_as_it_was_read() {
    let text = TEXT.replace(r#"[tables."Odd \"name\""]"#, r#"[tables."\"Odd \"\"name\"\"\""]"#);
    let lock = parse(&text);
    assert_eq!(lock.text(), text);
    let own = &lock.catalog.schemas[""];
    assert_eq!(own.relations.keys().map(AsRef::as_ref).collect::<Vec<_>>(), [r#"Odd "name""#, "orders", "totals"]);
    assert!(own.indexes["orders_pkey"].unique, "a unique constraint has its index");
    assert_eq!(lock.summary(), "3 tables, 1 view, 1 enum, 3 indexes, 2 functions");
}

#[test]
fn what_was_asked_for_is_written_down() {
    let scope = Scope { schemas: vec!["app".into()], tables: vec!["app.a*".parse().expect("a pattern")] };
    let lock = Lock::of(scope.clone(), &Catalog::default());
    assert!(lock.text().contains("[scope]\nschemas = [\n    \"app\",\n]\ntables = [\n    \"app.a*\",\n]\n"));
    assert_eq!(parse(&lock.text()).scope, scope);
}

#[test]
fn mistakes_are_shown_with_their_places() {
    insta::assert_snapshot!(complaint(
        r#"version = 1
functions = ["recount", 3]
tabels = {}
[tables.orders]
id = "bigint"
note = "not null"
total = "numeric(10 null"
[constraints.orders]
orders_pkey = "uniqe"
[constraints.gone]
[ledgers.x]
applied = []
[ledgers._prisma]
tool = "prisme"
[scope]
table = "x"
"#
    ));
}

#[test]
fn a_lock_of_another_version_or_none_says_so() {
    insta::assert_snapshot!(
        [
            complaint(""),
            complaint("version = 2\nwhatever = 1\n"),
            complaint("[tables.orders]\n"),
            complaint("version = \"1\"\n"),
            complaint("<<<<<<< HEAD\nversion = 1\n"),
        ]
        .join("\n\n")
    );
}

#[test]
fn a_file_that_is_right_is_not_touched_and_no_other_file_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("schema.lock");
    let lock = parse(&Lock::of(Scope::default(), &Catalog::default()).text());
    assert_eq!(lock.save(&path).expect("it is written"), super::Saved::Written);
    assert_eq!(lock.save(&path).expect("it is read"), super::Saved::Unchanged);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    assert!(lock.save(&folder.path().join("none/schema.lock")).is_err());
    assert!(Lock::load(&folder.path().join("none")).is_err());
}

fn name() -> impl Strategy<Value = Box<str>> {
    prop_oneof!["[a-zA-Z_][a-z0-9_]{0,6}", "[ -~é]{1,8}"]
        .prop_filter("a name", |name: &String| name.trim() == name && !name.is_empty() && !name.contains("  "))
        .prop_map(String::into_boxed_str)
}

fn relation() -> impl Strategy<Value = Relation> {
    const TYPES: &[&str] = &["text", "numeric(10,2)[]", "timestamp(3)", "varchar(9)", "Status", "app.\"a(b\""];
    let ty = proptest::sample::select(TYPES).prop_map(|text| text.parse().expect("a type"));
    let column = (ty, any::<bool>()).prop_map(|(ty, nullable)| Column { ty, nullable });
    let columns = proptest::collection::btree_map(name(), column, 0..4);
    let constraints = proptest::collection::btree_map(name(), any::<bool>(), 0..3);
    (columns, constraints, any::<bool>()).prop_map(|(columns, constraints, view)| Relation {
        kind: if view { RelationKind::View } else { RelationKind::Table },
        populated: true,
        columns,
        constraints,
        privileges: [].into(),
    })
}

fn schema() -> impl Strategy<Value = Schema> {
    let relations = proptest::collection::btree_map(name(), relation(), 0..4);
    let enums = proptest::collection::btree_map(name(), proptest::collection::vec(".{0,6}", 0..3), 0..3);
    let indexes =
        proptest::collection::btree_map(name(), (any::<bool>(), any::<bool>(), any::<proptest::sample::Index>()), 0..4);
    (relations, enums, indexes).prop_map(|(relations, enums, indexes)| {
        let names: Vec<Box<str>> = relations.keys().cloned().collect();
        let indexes = indexes.into_iter().filter(|_| !names.is_empty()).map(|(name, (unique, valid, at))| {
            (name, Index { table: names[at.index(names.len())].clone(), unique, valid })
        });
        let values = |values: Vec<String>| values.into_iter().map(String::into_boxed_str).collect();
        Schema {
            usage: true,
            indexes: indexes.collect(),
            enums: enums.into_iter().map(|(name, list)| (name, values(list))).collect(),
            functions: [("f".into(), ["integer, text".into()].into())].into(),
            relations,
        }
    })
}

proptest! {
    #[test]
    fn whatever_a_database_holds_is_read_as_it_was_written(own in schema(), other in schema()) {
        let ledger = Ledger { tool: Tool::named("knex").expect("a tool"), table: "knex_migrations".parse().expect("a name") };
        let catalog = Catalog {
            search_path: vec!["public".into(), "app".into()],
            schemas: [("public".into(), own), ("app".into(), other)].into(),
            extensions: [("citext".into(), "1".into())].into(),
            ledgers: [(ledger, Reading::of_applied(["1_a.js".into()]))].into(),
            ..Catalog::default()
        };
        let lock = Lock::of(Scope::default(), &catalog);
        let read = parse(&lock.text());
        prop_assert_eq!(read.text(), lock.text());
        prop_assert_eq!(gate::Difference::between(&lock.catalog, &read.catalog), vec![]);
    }

    #[test]
    fn a_hostile_lock_is_a_complaint_and_no_more(text in "(version = 1\n)?[ -~\n\"\\[\\]=.]{0,200}") {
        if let Err(complaints) = Lock::parse(&text, "schema.lock") {
            complaints.render(true);
        }
    }

    #[test]
    fn a_lock_with_a_piece_of_it_cut_out_or_doubled_is_a_complaint_or_a_lock(at in 0..TEXT.len(), length in 0..60_usize, twice: bool) {
        let end = (at + length).min(TEXT.len());
        let piece = if twice { TEXT[at..end].repeat(2) } else { String::new() };
        let text = format!("{}{piece}{}", &TEXT[..at], &TEXT[end..]);
        if let Err(complaints) = Lock::parse(&text, "schema.lock") {
            complaints.render(false);
        }
    }
}
