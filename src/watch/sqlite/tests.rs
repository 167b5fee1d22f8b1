use std::path::Path;

use super::*;

fn names(names: &[&str]) -> BTreeSet<ObjectName> {
    names.iter().map(|name| name.parse().expect("a name")).collect()
}

/// A reader for `Users` with its column `createdAt`, a view, and an index.
fn reader(path: &Path) -> SqliteReader {
    let wanted = Wanted {
        tables: names(&["Users", "main.orders", "active", "elsewhere.users"]),
        columns: BTreeMap::from([(ObjectName::unqualified("Users"), ["createdAt".into()].into())]),
        indexes: names(&["users_by_name"]),
        ..Wanted::default()
    };
    SqliteReader::new(path.to_owned(), Arc::new(wanted))
}

fn write(path: &Path, sql: &str) {
    Connection::open(path).and_then(|connection| connection.execute_batch(sql)).expect("SQL");
}

#[tokio::test]
async fn objects_are_found_in_any_case_and_stand_under_the_name_that_was_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.db");
    write(
        &path,
        "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, CREATEDAT DATETIME, anything, total DECIMAL(10, 2) NOT NULL);
         CREATE INDEX Users_By_Name ON users (id);
         CREATE VIEW active AS SELECT id FROM users;
         CREATE TRIGGER orders AFTER INSERT ON users BEGIN SELECT 1; END;",
    );
    let catalog = reader(&path).look().await.expect("a look");
    let main = &catalog.schemas["main"];
    assert_eq!(main.relations.keys().map(AsRef::as_ref).collect::<Vec<&str>>(), ["Users", "active"]);
    let columns = &main.relations["Users"].columns;
    assert!(columns["createdAt"].nullable && columns.contains_key("CREATEDAT"));
    assert!("DateTime".parse::<TypeName>().expect("a type").is_met_by(&columns["createdAt"].ty));
    assert!("numeric(10,2)".parse::<TypeName>().expect("a type").is_met_by(&columns["total"].ty));
    assert!(!columns["total"].nullable && columns["anything"].nullable);
    assert_eq!(main.relations["active"].kind, RelationKind::View);
    assert!(main.indexes["users_by_name"].valid);
}

#[tokio::test]
async fn a_change_is_seen_by_the_same_reader_and_a_file_put_in_its_place_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.db");
    write(&path, "CREATE TABLE Users (id INTEGER)");
    let mut reader = reader(&path);
    let has_column = |catalog: &Catalog| catalog.schemas["main"].relations["Users"].columns.contains_key("createdAt");
    let first = reader.look().await.expect("a look");
    assert!(!has_column(&first));
    assert!(Arc::ptr_eq(&first, &reader.look().await.expect("a look")), "nothing is read while nobody writes");
    write(&path, "ALTER TABLE Users ADD COLUMN createdAt TEXT");
    assert!(has_column(&reader.look().await.expect("a look")));
    write(&path, "ALTER TABLE Users DROP COLUMN createdAt");
    assert!(!has_column(&reader.look().await.expect("a look")));

    let other = folder.path().join("other.db");
    write(&other, "CREATE TABLE Users (id INTEGER, createdAt TEXT)");
    std::fs::rename(&other, &path).expect("a new file in the place of the old one");
    assert!(has_column(&reader.look().await.expect("a look")));

    // A copy over the file keeps its inode, and here its schema_version and number of changes too.
    write(&other, "CREATE TABLE Users (id INTEGER)");
    std::fs::copy(&other, &path).expect("a copy");
    assert!(!has_column(&reader.look().await.expect("a look")));
}

#[tokio::test]
async fn what_is_no_database_is_an_error_and_never_an_empty_catalog() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.db");
    let error = reader(&path).look().await.expect_err("no file");
    assert_eq!(error.word, "no_file");
    assert!(error.message.contains("no such file") && !path.exists(), "{error}");

    std::fs::write(&path, "this is a text, and it is long enough to be looked at as a header of a database file")
        .expect("a text");
    assert_eq!(reader(&path).look().await.expect_err("a text").word, "not_a_database");

    std::fs::remove_file(&path).expect("no text");
    write(&path, "CREATE TABLE Users (id INTEGER)");
    let mut reader = reader(&path);
    reader.look().await.expect("a look");
    std::fs::remove_file(&path).expect("no file");
    assert_eq!(reader.look().await.expect_err("gone").word, "no_file", "a file that was removed is not read on");
}

#[tokio::test]
async fn a_writer_hinders_no_look_for_long_and_a_view_of_nothing_hinders_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.db");
    write(&path, "CREATE TABLE gone (id INTEGER); CREATE VIEW active AS SELECT id FROM gone; DROP TABLE gone");
    let catalog = reader(&path).look().await.expect("a look");
    assert!(catalog.schemas["main"].relations["active"].columns.is_empty());

    let writer = Connection::open(&path).expect("a writer");
    writer.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    assert_eq!(reader(&path).look().await.expect_err("locked").word, "locked");
    writer.execute_batch("ROLLBACK; PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE").expect("a lock that readers pass");
    reader(&path).look().await.expect("a look beside a writer");
}
