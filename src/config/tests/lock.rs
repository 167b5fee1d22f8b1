//! A requirement on a lock.

use super::*;

const LOCK: &str = r#"
version = 1
extensions = ["citext"]
functions = ["recount(integer)"]
[enums]
Status = ["NEW"]
Other = ["X"]
[tables.orders]
id = "bigint not null"
status = "Status null"
[constraints.orders]
orders_pkey = "unique"
orders_check = "valid"
[indexes.orders]
orders_status_idx = "index"
[tables.admins]
id = "bigint not null"
"#;

/// A configuration in a folder, with the lock beside it, whose requirement says this.
fn with(requirement: &str) -> Config {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("schema.lock"), LOCK).expect("a lock");
    let text = format!(
        "[databases.main]\nurl = \"postgres://app@127.0.0.1/app\"\n[databases.standby]\nurl = \"postgres://app@127.0.0.2/app\"\n\
         [requirements.contract]\ndatabase = [\"main\", \"standby\"]\nmend = \"npm run migrate\"\n{requirement}\n"
    );
    Config::parse(&text, &folder.path().join("proxy.toml"), &|_| None).unwrap_or_else(|errors| panic!("{errors}"))
}

fn facts(requirement: &str) -> Vec<String> {
    with(requirement).rules.requirements()[0].facts.iter().map(show).collect()
}

/// A fact in a few words.
fn show(fact: &Fact) -> String {
    match fact {
        Fact::Table(name) => format!("table {name}"),
        Fact::Column { table, column, ty, nullable } => {
            format!("column {table}.{column} {} {}", ty.as_ref().expect("a type"), nullable.expect("null or not null"))
        }
        Fact::Enum { name, values } => format!("enum {name} {}", values.join(" ")),
        Fact::Index(name) => format!("index {name}"),
        Fact::Constraint { table, constraint } => format!("constraint {table}.{constraint}"),
        Fact::Function { name, .. } => format!("function {name}"),
        Fact::Extension(name) => format!("extension {name}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_whole_lock_demands_what_requests_fail_without() {
    assert_eq!(
        facts("lock = \"schema.lock\""),
        [
            "table admins",
            "column admins.id bigint false",
            "table orders",
            "column orders.id bigint false",
            "column orders.status Status true",
            "enum Other X",
            "enum Status NEW",
            "index orders_pkey",
            "function recount",
            "extension citext",
        ]
    );
}

#[test]
fn some_tables_come_with_the_enums_of_their_columns_and_what_is_asked_for() {
    let asked =
        "lock = { path = \"schema.lock\", tables = \"ord*\", unique = false, indexes = true, constraints = true }";
    assert_eq!(
        facts(asked),
        [
            "table orders",
            "column orders.id bigint false",
            "column orders.status Status true",
            "constraint orders.orders_check",
            "constraint orders.orders_pkey",
            "enum Status NEW",
            "index orders_status_idx",
        ]
    );
}

#[test]
fn a_lock_combines_with_other_keys_and_holds_in_each_database() {
    let config = with("tables = [\"more\"]\nlock = { path = \"schema.lock\", tables = [\"admins\"] }");
    let [main, standby] = config.rules.requirements() else { panic!("a requirement for each database") };
    assert_eq!(main.facts, standby.facts);
    assert_eq!(
        main.facts.iter().map(show).collect::<Vec<_>>(),
        ["table more", "table admins", "column admins.id bigint false"]
    );
    assert_eq!(config.notes[0].mend.as_deref(), Some("npm run migrate"));
}
