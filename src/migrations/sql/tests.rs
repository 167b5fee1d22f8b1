use gate::ledger::{Change, Reach, Step, Steps};
use proptest::prelude::*;

fn steps(text: &str) -> Vec<Step> {
    super::steps(text, 1).read().to_vec()
}

/// Why statements of `text` are not understood, with their lines.
fn unread(text: &str) -> Vec<String> {
    let why = |step: Step| match step.change {
        Change::Unread { why, .. } => Some(format!("{}: {why}", step.line)),
        _ => None,
    };
    steps(text).into_iter().filter_map(why).collect()
}

/// What the one step of `text` can do that is not understood.
fn reach(text: &str) -> Reach {
    let steps = steps(text);
    let [Step { change: Change::Unread { reach, .. }, .. }] = &*steps else { panic!("{text}: {steps:?}") };
    reach.clone()
}

// That what is understood is what PostgreSQL does: `tests/suite/replay.rs`.

#[test]
fn statements_of_no_matter_are_no_steps() {
    let text = "BEGIN; SET lock_timeout = '1s'; COMMENT ON TABLE a IS 'x'; GRANT SELECT ON a TO b; SELECT 1;\n\
                SELECT count(*), coalesce(max(id), 0) FROM a WHERE b IN (1, 2); SELECT pg_catalog.setval('s', 1);\n\
                PRAGMA foreign_keys=OFF; CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1); DROP TABLE t; COMMIT;";
    assert_eq!(steps(text), []);
}

#[test]
fn one_statement_that_is_not_understood_costs_no_other() {
    let text = "CREATE TABLE a (id int);\nFROBNICATE a;\nCREATE TABLE b (id int, c int WITH odd, d int);\nALTER TABLE a ADD COLUMN x int, FROB y;\nSELECT 'open";
    let shown = [
        "2: `FROBNICATE a` is not understood",
        "3: `c int WITH odd` is not understood",
        "4: `FROB y` is not understood",
        "5: a string or a name in it does not end, or it is no SQL of PostgreSQL's",
    ];
    assert_eq!(unread(text), shown);
    assert_eq!(steps(text).iter().filter(|step| matches!(step.change, Change::CreateRelation(_))).count(), 2);
    assert_eq!(steps(text).iter().filter(|step| matches!(step.change, Change::AddColumn { .. })).count(), 1);
}

#[test]
fn what_may_do_anything_is_said_to() {
    for text in [
        "SELECT do_it()",
        "SELECT public.do_it()",
        "SELECT \"count\"(1)",
        "CALL p()",
        "ROLLBACK",
        "EXECUTE p",
        "DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'a'; END $$",
        "DO $$ BEGIN PERFORM f(); END $$",
        "DO LANGUAGE plpython3u $$ plpy.execute(x) $$",
        "WITH a AS (SELECT f()) SELECT * FROM a",
    ] {
        assert_eq!(reach(text), Reach::Anything, "{text}");
    }
}

#[test]
fn what_is_not_understood_can_only_touch_what_it_names() {
    let text =
        r#"DO $$ BEGIN IF NOT EXISTS (SELECT 1) THEN ALTER TABLE "Customers" ADD COLUMN Note text; END IF; END $$"#;
    let reach = reach(text);
    for named in ["Customers", "Note", "note"] {
        assert!(reach.may_name(named), "{named}");
    }
    assert!(!reach.may_name("agreementFileUrl"));
}

#[test]
fn a_placeholder_in_a_name_is_not_taken_for_the_name() {
    assert_eq!(unread(r#"CREATE TABLE "${schema}".a (id int)"#).len(), 1);
    assert_eq!(unread("CREATE TABLE ${schema}.a (id int)").len(), 1);
}

#[test]
fn a_line_is_that_of_the_action_and_names_are_folded_and_cut() {
    let long = "X".repeat(70);
    let steps = steps(&format!("\n\nALTER TABLE Shop.A\n  ADD b int,\n  DROP COLUMN {long};"));
    assert_eq!(steps.iter().map(|step| step.line).collect::<Vec<_>>(), [4, 5]);
    let Change::AddColumn { table, .. } = &steps[0].change else { panic!("{steps:?}") };
    assert_eq!(table.to_string(), "shop.a");
    let Change::DropColumn { column, .. } = &steps[1].change else { panic!("{steps:?}") };
    assert_eq!(**column, *"x".repeat(63));
}

#[test]
fn sqlites_own_spelling_is_read() {
    let text = "CREATE TABLE `users` (`id` INTEGER PRIMARY KEY NOT NULL, `at` DATETIME);\n\
                CREATE TABLE \"new_a\" (\"id\" INTEGER NOT NULL PRIMARY KEY);\n\
                INSERT INTO \"new_a\" (\"id\") SELECT \"id\" FROM \"a\";\nDROP TABLE \"a\";\n\
                ALTER TABLE \"new_a\" RENAME TO \"a\";";
    assert_eq!(unread(text), [""; 0]);
}

#[test]
fn a_file_that_is_too_big_or_nests_too_deeply_is_said_to_be_unread() {
    assert!(matches!(super::steps(&" ".repeat(20 << 20), 1), Steps::NotRead { .. }));
    let types = format!("ALTER TABLE a ADD COLUMN b {}int{}", "ARRAY<".repeat(50_000), ">".repeat(50_000));
    assert_eq!(unread(&types).len(), 1);
    let brackets = format!("ALTER TABLE a ADD COLUMN b int{}", "[]".repeat(50_000));
    assert_eq!(unread(&brackets).len(), 1);
    let open = format!("ALTER TABLE a ADD COLUMN b int DEFAULT {}1", "(".repeat(100_000));
    assert_eq!(unread(&open).len(), 1);
}

#[test]
fn expressions_are_not_looked_into_however_long_and_deep_they_are() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
    for value in [deep("(", ")"), deep("- ", ""), deep("1+", ""), deep("", "::int")] {
        let text = format!("ALTER TABLE a ADD COLUMN b int DEFAULT {value} NOT NULL, ADD CHECK ({value});");
        assert_eq!(unread(&text), [""; 0]);
        let [Step { change: Change::AddColumn { column, .. }, .. }, ..] = &*steps(&text) else { panic!("a column") };
        assert!(!column.nullable);
    }
}

/// Words of which statements are made, and such as break them.
const WORDS: &[&str] = &[
    "CREATE",
    "TABLE",
    "ALTER",
    "ADD",
    "COLUMN",
    "DROP",
    "INDEX",
    "ON",
    "TYPE",
    "AS",
    "ENUM",
    "(",
    ")",
    ",",
    ";",
    "a",
    "\"B\"",
    ".",
    "int",
    "text",
    "NOT",
    "NULL",
    "DEFAULT",
    "1",
    "+",
    "'s'",
    "$$",
    "BEGIN",
    "END",
    "DO",
    "SELECT",
    "INTO",
    "FROM",
    "PRIMARY",
    "KEY",
    "UNIQUE",
    "REFERENCES",
    "CHECK",
    "CONSTRAINT",
    "IF",
    "EXISTS",
    "RENAME",
    "TO",
    "SET",
    "DATA",
    "USING",
    "[",
    "]",
    "::",
    "ARRAY",
    "<",
    ">",
    "FUNCTION",
    "VIEW",
    "VALUE",
    "INSERT",
    "UPDATE",
    "WITH",
    "COPY",
    "STDIN",
    "'",
    "\"",
    "--",
    "\n",
    "/*",
    "\\",
    "é",
    "LIKE",
    "PARTITION",
    "OF",
    "INHERITS",
    "GENERATED",
    "ALWAYS",
    "IDENTITY",
    "CASE",
    "WHEN",
    "EXCEPTION",
    "THEN",
    "search_path",
    "=",
    "`",
    "-",
    "INTERVAL",
    "COLLATE",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_a_file_holds_reading_it_ends_well(words in prop::collection::vec(prop::sample::select(WORDS), 0..60)) {
        let _ = super::steps(&words.join(" "), 1);
    }

    #[test]
    fn whatever_the_characters_are_reading_them_ends_well(text in "\\PC{0,80}") {
        let _ = super::steps(&text, 1);
        let _ = super::steps(&format!("CREATE TABLE a ({text})"), 1);
        let _ = super::steps(&format!("ALTER TABLE a {text}"), 1);
    }
}
