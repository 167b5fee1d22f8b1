use super::*;
use crate::ledger::{ConstraintKind, EnumPlace, Existing, NewColumn, NewConstraint, NewRelation, Step};
use crate::sample::name;
use crate::{RelationKind, TypeName};

fn ty(text: &str) -> TypeName {
    text.parse().unwrap()
}

fn column(text: &str) -> NewColumn {
    let (name, ty) = text.split_once(' ').unwrap();
    NewColumn { name: name.into(), ty: Some(self::ty(ty)), nullable: true }
}

fn table(text: &str, columns: &[&str]) -> Change {
    Change::CreateRelation(NewRelation {
        name: name(text),
        kind: RelationKind::Table,
        columns: columns.iter().map(|text| column(text)).collect(),
        copies: Vec::new(),
        complete: true,
        constraints: Vec::new(),
        partition: false,
        existing: Existing::Fails,
    })
}

fn add(text: &str, added: &str) -> Change {
    Change::AddColumn { table: name(text), column: column(added), if_absent: false }
}

fn unread(reach: Reach) -> Change {
    Change::Unread { why: "odd".into(), reach }
}

fn words(words: &[&str]) -> Reach {
    Reach::Words(words.iter().map(|word| (*word).into()).collect())
}

/// Each migration is called by its number, and each of its steps stands on a line of its own.
fn replay(migrations: &[&[Change]]) -> Replay {
    let migration = |(number, changes): (u32, &&[Change])| Migration {
        key: number.to_string().into(),
        steps: Steps::Read((1..).zip(*changes).map(|(line, change)| Step { change: change.clone(), line }).collect()),
        ..Migration::default()
    };
    let migrations: Vec<Migration> = (1..).zip(migrations).map(migration).collect();
    Replay::of(&["public".into(), "other".into()], &migrations)
}

fn origin(replay: &Replay, object: &Object) -> Option<(String, u32)> {
    replay.origin(object).map(|origin| (origin.migration.to_string(), origin.line))
}

fn place(migration: &str, line: u32) -> (String, u32) {
    (migration.to_owned(), line)
}

fn col(table: &str, column: &str) -> Object {
    Object::Column(name(table), column.into())
}

#[test]
fn each_object_knows_the_step_that_made_it() {
    let replay = replay(&[
        &[table("a", &["id int", "b text"]), table("other.c", &["id int"])],
        &[
            add("a", "d text"),
            Change::ColumnType { table: name("a"), column: "b".into(), ty: Some(ty("int")) },
            add("c", "e text"),
        ],
    ]);
    assert_eq!(origin(&replay, &Object::Relation(name("public.a"))), Some(place("1", 1)));
    assert_eq!(origin(&replay, &col("public.a", "d")), Some(place("2", 1)));
    assert_eq!(origin(&replay, &col("public.a", "b")), Some(place("1", 1)));
    assert_eq!(replay.changed(&col("public.a", "b")).unwrap().line, 2);
    // An unqualified name is the first of that name along the search path.
    assert_eq!(origin(&replay, &col("other.c", "e")), Some(place("2", 3)));
    assert_eq!(replay.qualified(&name("c"), Object::Relation), name("other.c"));
    assert_eq!(replay.qualified(&name("nowhere"), Object::Relation), name("public.nowhere"));
}

#[test]
fn what_is_renamed_is_made_by_that_step_and_keeps_its_parts() {
    let key = NewConstraint { name: None, kind: ConstraintKind::PrimaryKey, columns: vec!["id".into()], valid: true };
    let replay = replay(&[
        &[table("a", &["id int"]), Change::AddConstraint { table: name("a"), constraint: key }],
        &[
            Change::RenameRelation { name: name("a"), to: "b".into() },
            Change::RenameColumn { table: name("b"), column: "id".into(), to: "key".into() },
        ],
    ]);
    assert_eq!(origin(&replay, &Object::Relation(name("public.b"))), Some(place("2", 1)));
    assert_eq!(origin(&replay, &col("public.b", "key")), Some(place("2", 2)));
    assert_eq!(origin(&replay, &Object::Constraint(name("public.b"), "a_pkey".into())), Some(place("1", 2)));
    assert_eq!(origin(&replay, &Object::Relation(name("public.a"))), None);
    assert_eq!(replay.dropped(&Object::Relation(name("public.a"))).unwrap().line, 1);
    let (_, relation) = replay.catalog().relation(&name("b")).unwrap();
    assert!(!relation.columns["key"].nullable);
}

#[test]
fn dropping_a_column_drops_the_indexes_and_constraints_that_hold_it() {
    let index = |name: &str, column: &str| Change::CreateIndex {
        name: Some(name.into()),
        table: self::name("a"),
        columns: vec![column.into()],
        mentions: Vec::new(),
        unique: false,
        if_absent: false,
    };
    let drop = Change::DropColumn { table: name("a"), column: "b".into() };
    let replay = replay(&[&[table("a", &["b int", "c int"]), index("on_b", "b"), index("on_c", "c"), drop]]);
    let left: Vec<&str> = replay.catalog().schemas["public"].indexes.keys().map(AsRef::as_ref).collect();
    assert_eq!(left, ["on_c"]);
    assert_eq!(replay.dropped(&Object::Index(name("public.on_b"))).unwrap().line, 4);
}

#[test]
fn an_enum_that_is_swapped_for_a_new_one_ends_as_the_new_one() {
    let create = |text: &str, values: &[&str]| Change::CreateEnum {
        name: name(text),
        values: values.iter().map(|value| (*value).into()).collect(),
        if_absent: false,
    };
    let rename = |from: &str, to: &str| Change::RenameType { name: name(from), to: to.into() };
    let replay = replay(&[
        &[create("Role", &["A", "B"]), table("a", &["role Role", "roles Role[]"])],
        &[
            create("Role_new", &["A"]),
            Change::ColumnType { table: name("a"), column: "role".into(), ty: Some(ty("Role_new")) },
            rename("Role", "Role_old"),
            rename("Role_new", "Role"),
            Change::DropType { name: name("Role_old"), cascade: false },
            Change::AddEnumValue { name: name("Role"), value: "C".into(), place: EnumPlace::Before("A".into()) },
        ],
    ]);
    let (_, relation) = replay.catalog().relation(&name("a")).unwrap();
    assert_eq!(relation.columns["role"].ty.to_string(), "public.Role");
    assert_eq!(replay.catalog().values(&name("Role")).unwrap().1, ["C".into(), "A".into()]);
    assert_eq!(origin(&replay, &Object::EnumValue(name("public.Role"), "C".into())), Some(place("2", 6)));
    assert_eq!(origin(&replay, &Object::Enum(name("public.Role_old"))), None);
}

#[test]
fn what_is_not_known_can_be_dropped_and_what_is_there_can_be_made_again() {
    let mut lenient = table("a", &["other text"]);
    if let Change::CreateRelation(new) = &mut lenient {
        new.existing = Existing::Stays;
    }
    let replay = replay(&[&[
        Change::DropRelation { name: name("nowhere") },
        Change::DropColumn { table: name("nowhere"), column: "x".into() },
        Change::DropSchema { name: "nowhere".into() },
        add("nowhere", "x int"),
        table("a", &["id int"]),
        lenient,
        table("b", &["id int"]),
        table("b", &["other int"]),
    ]]);
    let columns = |text: &str| -> Vec<String> {
        let (_, relation) = replay.catalog().relation(&name(text)).unwrap();
        relation.columns.keys().map(ToString::to_string).collect()
    };
    assert_eq!((columns("a"), columns("b")), (vec!["id".to_owned()], vec!["other".to_owned()]));
}

#[test]
fn a_step_that_is_not_understood_is_a_doubt_about_what_it_names_and_what_came_before_it() {
    let replay = replay(&[
        &[table("a", &["id int"])],
        &[unread(words(&["a", "x"])), unread(Reach::Rows)],
        &[table("b", &["id int"]), add("a", "late int")],
    ]);
    let made = |object: &Object| replay.may_have_made(object).count();
    let touched = |object: &Object| replay.may_have_touched(object).count();
    assert_eq!((made(&col("public.a", "x")), made(&col("public.a", "y"))), (1, 0));
    assert_eq!((touched(&col("public.a", "id")), touched(&col("public.a", "late"))), (1, 0));
    assert_eq!(touched(&Object::Relation(name("public.b"))), 0);
    assert_eq!(replay.doubts().len(), 2);
}

#[test]
fn a_migration_that_was_not_read_may_have_made_anything() {
    let program = Migration { key: "1".into(), ..Migration::default() };
    let replay = Replay::of(&["public".into()], [&program]);
    assert_eq!(replay.may_have_made(&Object::Relation(name("public.x"))).count(), 1);
}

#[test]
fn a_query_leaves_columns_unknown_and_an_odd_type_is_said_to_be() {
    let mut by_query = table("a", &[]);
    if let Change::CreateRelation(new) = &mut by_query {
        new.complete = false;
    }
    let odd = NewColumn { name: "odd".into(), ty: None, nullable: true };
    let replay = replay(&[&[by_query, Change::AddColumn { table: name("a"), column: odd, if_absent: false }]]);
    assert!(!replay.knows_columns(&name("public.a")));
    assert!(!replay.knows_type(&name("public.a"), "odd"));
}

#[test]
fn a_search_path_ends_with_its_migration() {
    let replay =
        replay(&[&[Change::SearchPath(vec!["shop".into()]), table("a", &["id int"])], &[table("b", &["id int"])]]);
    assert!(replay.origin(&Object::Relation(name("shop.a"))).is_some());
    assert!(replay.origin(&Object::Relation(name("public.b"))).is_some());
}
