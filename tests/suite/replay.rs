//! What replaying migrations leaves behind is what PostgreSQL leaves behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gate::ledger::{Replay, Tool};
use gate::{RelationKind, TypeName};
use schemagate::migrations::Folder;

use crate::house::{Cluster, Database};

fn fixtures(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)
}

/// Every column, constraint, index, enum and function of a database's own schemas, a line each.
const LINES: &str = "
    WITH mine AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'),
    relations AS (SELECT c.*, nspname FROM pg_class c JOIN mine ON mine.oid = relnamespace WHERE relkind IN ('r', 'p', 'f')),
    ours AS (SELECT p.oid, proname, proargtypes, nspname FROM pg_proc p JOIN mine ON mine.oid = pronamespace
             WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype IN ('e', 'i')))
    SELECT 'schema ' || nspname FROM mine
    UNION ALL
    SELECT 'table ' || nspname || '.' || relname || ' ' || relkind::text FROM relations
    UNION ALL
    SELECT 'column ' || nspname || '.' || relname || '.' || attname || ' ' || format_type(atttypid, atttypmod)
           || CASE WHEN attnotnull THEN '' ELSE '?' END
    FROM relations JOIN pg_attribute a ON attrelid = relations.oid WHERE attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT 'constraint ' || nspname || '.' || relname || '.' || conname || CASE WHEN convalidated THEN '' ELSE ' not valid' END
    FROM relations JOIN pg_constraint ON conrelid = relations.oid WHERE contype IN ('p', 'u', 'f', 'c', 'x')
    UNION ALL
    SELECT 'index ' || nspname || '.' || relname FROM pg_class c JOIN mine ON mine.oid = relnamespace WHERE relkind IN ('i', 'I')
    UNION ALL
    SELECT 'enum ' || nspname || '.' || typname || ' ' || string_agg(enumlabel, '|' ORDER BY enumsortorder)
    FROM pg_type t JOIN mine ON mine.oid = typnamespace JOIN pg_enum ON enumtypid = t.oid GROUP BY nspname, typname
    UNION ALL
    SELECT 'function ' || nspname || '.' || proname || '(' || oidvectortypes(proargtypes) || ')' FROM ours";

async fn real(database: &Database) -> BTreeSet<String> {
    let lines = database.lines(&format!("SET search_path = pg_catalog; {LINES}")).await;
    lines.into_iter().map(|line| with_type_as_it_is_shown(&line).unwrap_or(line)).collect()
}

/// PostgreSQL puts quotes around names that we show without.
fn with_type_as_it_is_shown(line: &str) -> Option<String> {
    let (column, ty) = line.strip_prefix("column ")?.split_once(' ')?;
    let (ty, null) = ty.strip_suffix('?').map_or((ty, ""), |ty| (ty, "?"));
    Some(format!("column {column} {}{null}", ty.parse::<TypeName>().ok()?))
}

fn replayed(replay: &Replay) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for (schema, objects) in &replay.catalog().schemas {
        lines.insert(format!("schema {schema}"));
        for (name, relation) in &objects.relations {
            let kind = match relation.kind {
                RelationKind::Table => "r",
                RelationKind::Partitioned => "p",
                RelationKind::Foreign => "f",
                RelationKind::View | RelationKind::Materialized => continue,
            };
            lines.insert(format!("table {schema}.{name} {kind}"));
            lines.extend(relation.columns.iter().map(|(column, found)| {
                format!("column {schema}.{name}.{column} {}{}", found.ty, if found.nullable { "?" } else { "" })
            }));
            lines.extend(relation.constraints.iter().map(|(constraint, valid)| {
                format!("constraint {schema}.{name}.{constraint}{}", if *valid { "" } else { " not valid" })
            }));
        }
        lines.extend(objects.indexes.keys().map(|name| format!("index {schema}.{name}")));
        lines.extend(objects.enums.iter().map(|(name, values)| format!("enum {schema}.{name} {}", values.join("|"))));
        for (name, overloads) in &objects.functions {
            lines.extend(overloads.iter().map(|arguments| format!("function {schema}.{name}({arguments})")));
        }
    }
    lines
}

/// What is on one side alone.
fn difference(replayed: &BTreeSet<String>, real: &BTreeSet<String>) -> String {
    let only_replayed = replayed.difference(real).map(|line| format!("replayed only: {line}\n"));
    let only_real = real.difference(replayed).map(|line| format!("real only: {line}\n"));
    only_replayed.chain(only_real).collect()
}

/// The steps that were not understood.
fn doubts(replay: &Replay) -> String {
    let lines: Vec<String> =
        replay.doubts().iter().map(|doubt| format!("{}: {}", doubt.origin.line, doubt.why)).collect();
    lines.join("\n")
}

fn read(tool: &str, folder: &Path) -> Folder {
    Folder::read(Tool::named(tool).expect(tool), folder).unwrap_or_else(|error| panic!("{tool}: {error}"))
}

/// A folder of one migration, and the migration.
fn one(text: &str) -> Folder {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("1_all.sql"), text).unwrap();
    read("sqlx", folder.path())
}

fn replay(folder: &Folder) -> Replay {
    Replay::of(&["public".into()], &folder.migrations)
}

#[tokio::test]
async fn sql_as_tools_and_people_write_it_is_read_completely_and_replayed_as_postgresql_runs_it() {
    for name in ["prisma", "drizzle", "by_hand"] {
        let text = fs::read_to_string(fixtures("sql").join(format!("{name}.sql"))).unwrap();
        let replay = replay(&one(&text));
        assert_eq!(doubts(&replay), "", "{name}");
        let database = Cluster::shared().database().await;
        database.execute(&text).await;
        let real = real(&database).await;
        assert_eq!(difference(&replayed(&replay), &real), "", "{name}");

        // What pg_dump says of the same database is read completely too.
        let dump = database.dump();
        let replay = self::replay(&one(&dump));
        assert_eq!(doubts(&replay), "", "a dump of {name}");
        assert_eq!(difference(&replayed(&replay), &real), "", "a dump of {name}");
    }
}

#[tokio::test]
async fn what_is_read_of_real_tools_migrations_is_in_the_databases_that_they_made() {
    for (tool, state) in [
        ("prisma", "applied"),
        ("drizzle", "applied"),
        ("drizzle-1", "applied"),
        ("dbmate", "applied"),
        ("sqlx", "applied"),
        ("diesel", "applied"),
    ] {
        let folder = fixtures("ledgers").join(tool);
        let replay = replay(&read(tool, &folder.join("migrations")));
        assert_eq!(doubts(&replay), "", "{tool}");
        let database = Cluster::shared().database().await;
        database.execute(&fs::read_to_string(folder.join(format!("states/{state}.sql"))).unwrap()).await;
        let real = real(&database).await;
        let replayed = replayed(&replay);
        assert!(replayed.len() > 3, "{tool}: {replayed:?}");
        // The database also has the tool's ledger.
        assert_eq!(replayed.difference(&real).collect::<Vec<_>>(), [""; 0], "{tool}");
    }
}

#[tokio::test]
async fn what_djangos_operations_are_read_as_is_what_django_made() {
    let folder = read("django", &fixtures("django"));
    let replay = replay(&folder);
    // The migrations were run by Django 5.2; this is what was there afterwards.
    let database = Cluster::shared().database().await;
    database.execute(&fs::read_to_string(fixtures("django/migrated.sql")).unwrap()).await;
    let mut real = real(&database).await;
    let mut replayed = replayed(&replay);
    // Names with a sum in them are not told, nor are the keys that are a setting of the project's.
    let has_sum = |line: &String| {
        line.split('_').any(|part| part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    real.retain(|line| !has_sum(line));
    let is_key_between = |line: &String| ["mates.id ", "watchers.id ", "seen.id "].iter().any(|key| line.contains(key));
    real.retain(|line| !is_key_between(line));
    replayed.retain(|line| !is_key_between(line));
    assert_eq!(difference(&replayed, &real), "");
    assert_eq!(
        doubts(&replay),
        "46: it runs Python: `forwards`\n11: whether it makes the table is a setting of the project's"
    );
}
