//! Each kind of fact against a real PostgreSQL, seen by a role that was granted nothing.

use crate::house::{Cluster, Database, Judged};

async fn database(sql: &str) -> Database {
    let database = Cluster::shared().database().await;
    database.execute(sql).await;
    database
}

#[tokio::test]
async fn a_schema_is_there_or_missing() {
    let database = database("CREATE SCHEMA billing").await;
    Judged::of(&database, r#"schemas = ["billing"]"#).is_ready();
    Judged::of(&database, r#"schemas = ["Billing"]"#).is_broken_by("missing schema Billing");
}

#[tokio::test]
async fn a_table_is_found_in_exact_case_only() {
    let database = database("CREATE TABLE adminbackupjob (id int)").await;
    Judged::of(&database, r#"tables = ["adminbackupjob"]"#).is_ready();
    Judged::of(&database, r#"tables = ["AdminBackupJob"]"#).is_broken_by("missing table AdminBackupJob");
    database.execute(r#"CREATE TABLE "AdminBackupJob" (id int)"#).await;
    Judged::of(&database, r#"tables = ["AdminBackupJob"]"#).is_ready();
}

#[tokio::test]
async fn a_name_that_looks_like_sql_is_only_a_name() {
    let database = database(r#"CREATE TABLE "it's; DROP TABLE t" ("b c" int); CREATE TABLE t (id int)"#).await;
    Judged::of(&database, r#"tables = ["it's; DROP TABLE t", "t"]"#).is_ready();
    Judged::of(&database, r#"tables = ["' OR true --"]"#).is_broken_by("missing table ' OR true --");
}

#[tokio::test]
async fn views_partitioned_and_foreign_tables_are_read_like_tables() {
    let database = database(
        "CREATE TABLE t (id int, at date);
         CREATE VIEW a_view AS SELECT * FROM t;
         CREATE TABLE partitioned (id int, at date) PARTITION BY RANGE (at);
         CREATE TABLE a_partition PARTITION OF partitioned DEFAULT;",
    )
    .await;
    for table in ["t", "a_view", "partitioned", "a_partition"] {
        Judged::of(&database, &format!("tables = [\"{table}\"]\ncolumns = {{ {table} = [\"at date\"] }}")).is_ready();
    }
}

#[tokio::test]
async fn an_index_or_a_sequence_is_no_table() {
    let database = database("CREATE TABLE t (id serial PRIMARY KEY)").await;
    Judged::of(&database, r#"tables = ["t_pkey"]"#).is_broken_by("missing table t_pkey");
    Judged::of(&database, r#"tables = ["t_id_seq"]"#).is_broken_by("missing table t_id_seq");
}

#[tokio::test]
async fn a_materialized_view_that_was_never_refreshed_is_not_ready() {
    let database = database(
        "CREATE TABLE t (id int); CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM t WITH NO DATA",
    )
    .await;
    Judged::of(&database, r#"tables = ["totals"]"#).is_broken_by("invalid materialized view totals");
    database.execute("REFRESH MATERIALIZED VIEW totals").await;
    Judged::of(&database, r#"columns = { totals = ["n bigint"] }"#).is_ready();
}

#[tokio::test]
async fn a_temporary_table_of_a_session_is_not_the_applications() {
    let database = database("SELECT 1").await;
    let session = database.connect().await;
    session.batch_execute("CREATE TEMPORARY TABLE t (id int)").await.expect("a temporary table");
    Judged::of(&database, r#"tables = ["t"]"#).is_broken_by("missing table t");
}

#[tokio::test]
async fn a_columns_type_counts_in_any_spelling() {
    let database = database(
        r#"CREATE TYPE "Mood" AS ENUM ('ok');
           CREATE TABLE t (a varchar(20), b numeric(10,2), c timestamptz(3), d int8[], e "Mood", f char(3), g float8,
                           h time(0), i interval, j bit varying(8), k jsonb, l uuid)"#,
    )
    .await;
    for (column, right, wrong) in [
        ("a", "character varying(20)", "varchar(21)"),
        ("a", "varchar", "text"),
        ("b", "decimal(10, 2)", "numeric(12,2)"),
        ("c", "timestamp(3) with time zone", "timestamp(3)"),
        ("d", "bigint[]", "bigint"),
        ("e", "Mood", "mood"),
        ("f", "character(3)", "char"),
        ("g", "double precision", "real"),
        ("h", "time(0)", "timetz(0)"),
        ("i", "interval", "text"),
        ("j", "varbit(8)", "bit(8)"),
        ("k", "jsonb", "json"),
        ("l", "UUID", "text"),
    ] {
        Judged::of(&database, &format!("columns = {{ t = [\"{column} {right}\"] }}")).is_ready();
        Judged::of(&database, &format!("columns = {{ t = [\"{column} {wrong}\"] }}"))
            .is_broken_by(&format!("different column t.{column}"));
    }
}

#[tokio::test]
async fn a_column_that_must_not_be_null_must_not_be_nullable() {
    let database = database("CREATE TABLE t (may int, must int NOT NULL)").await;
    Judged::of(&database, r#"columns = { t = ["may int null", "must int not null"] }"#).is_ready();
    Judged::of(&database, r#"columns = { t = ["may int not null"] }"#).is_broken_by("different column t.may");
    Judged::of(&database, r#"columns = { t = ["must int null"] }"#).is_broken_by("different column t.must");
}

#[tokio::test]
async fn a_dropped_column_is_gone_and_a_systems_column_never_was() {
    let database = database("CREATE TABLE t (a int, b int); ALTER TABLE t DROP COLUMN b").await;
    Judged::of(&database, r#"columns = { t = ["b"] }"#).is_broken_by("missing column t.b");
    Judged::of(&database, r#"columns = { t = ["xmin"] }"#).is_broken_by("missing column t.xmin");
}

#[tokio::test]
async fn an_enum_needs_the_named_values_in_any_order() {
    let database = database(r#"CREATE TYPE "Status" AS ENUM ('QUEUED', 'RUNNING')"#).await;
    Judged::of(&database, r#"enums = { Status = ["RUNNING", "QUEUED"] }"#).is_ready();
    Judged::of(&database, r#"enums = { Status = ["FAILED"] }"#).is_broken_by("different enum type Status");
    Judged::of(&database, r#"enums = { Status = ["queued"] }"#).is_broken_by("different enum type Status");
    Judged::of(&database, r#"enums = { status = ["QUEUED"] }"#).is_broken_by("missing enum type status");
}

#[tokio::test]
async fn an_index_whose_build_failed_is_not_ready() {
    let database = database("CREATE TABLE t (id int); INSERT INTO t VALUES (1), (1)").await;
    Judged::of(&database, r#"indexes = ["t_id"]"#).is_broken_by("missing index t_id");
    let built = database.connect().await.batch_execute("CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id)").await;
    assert!(built.is_err(), "two equal rows");
    Judged::of(&database, r#"indexes = ["t_id"]"#).is_broken_by("invalid index t_id");
    database.execute("TRUNCATE t").await;
    database.execute("REINDEX INDEX t_id").await;
    Judged::of(&database, r#"indexes = ["t_id"]"#).is_ready();
}

#[tokio::test]
async fn an_index_on_only_the_parent_is_not_ready_before_every_partition_has_it() {
    let database = database(
        "CREATE TABLE p (id int) PARTITION BY LIST (id);
         CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
         CREATE INDEX p_id ON ONLY p (id);",
    )
    .await;
    Judged::of(&database, r#"indexes = ["p_id"]"#).is_broken_by("invalid index p_id");
    database.execute("CREATE INDEX p1_id ON p1 (id); ALTER INDEX p_id ATTACH PARTITION p1_id").await;
    Judged::of(&database, r#"indexes = ["p_id"]"#).is_ready();
}

#[tokio::test]
async fn a_constraint_that_was_not_validated_is_not_ready() {
    let database = database(
        "CREATE TABLE t (id int); INSERT INTO t VALUES (-1);
         ALTER TABLE t ADD CONSTRAINT positive CHECK (id > 0) NOT VALID",
    )
    .await;
    Judged::of(&database, r#"constraints = { t = ["positive"] }"#).is_broken_by("invalid constraint positive on t");
    database.execute("DELETE FROM t; ALTER TABLE t VALIDATE CONSTRAINT positive").await;
    Judged::of(&database, r#"constraints = { t = ["positive"] }"#).is_ready();
    Judged::of(&database, r#"constraints = { t = ["Positive"] }"#).is_broken_by("missing constraint Positive on t");
}

#[tokio::test]
async fn a_function_is_found_by_name_and_where_named_by_its_arguments() {
    let database = database(
        "CREATE FUNCTION total(a int, b numeric) RETURNS numeric LANGUAGE sql AS 'SELECT a * b';
         CREATE PROCEDURE sweep() LANGUAGE sql AS 'SELECT 1';",
    )
    .await;
    Judged::of(&database, r#"functions = ["total", "sweep", "sweep()"]"#).is_ready();
    Judged::of(&database, r#"functions = ["total(integer, numeric)"]"#).is_ready();
    Judged::of(&database, r#"functions = ["total(text)"]"#).is_broken_by("different function total");
    Judged::of(&database, r#"functions = ["Total"]"#).is_broken_by("missing function Total");
}

#[tokio::test]
async fn an_extension_must_be_installed_and_not_only_available() {
    let database = database("SELECT 1").await;
    Judged::of(&database, r#"extensions = ["plpgsql"]"#).is_ready();
    Judged::of(&database, r#"extensions = ["pg_nothing"]"#).is_broken_by("missing extension pg_nothing");
}

#[tokio::test]
async fn a_qualified_name_is_looked_for_in_its_schema_alone() {
    let database =
        database("CREATE SCHEMA billing; CREATE TABLE billing.invoices (id int); CREATE TABLE orders (id int)").await;
    Judged::of(&database, r#"tables = ["billing.invoices", "public.orders"]"#).is_ready();
    Judged::of(&database, r#"tables = ["billing.orders"]"#).is_broken_by("missing table billing.orders");
    Judged::of(&database, r#"tables = ["invoices"]"#).is_broken_by("missing table invoices");
}

#[tokio::test]
async fn an_unqualified_name_follows_the_search_path_of_the_role_the_url_and_the_configuration() {
    let database = database("CREATE SCHEMA app; CREATE TABLE app.t (id int); CREATE TABLE public.u (id int)").await;
    let url = database.watcher_url();
    Judged::of(&database, r#"tables = ["t"]"#).is_broken_by("missing table t");
    Judged::with(&format!("url = \"{url}\"\nsearch_path = [\"app\"]"), r#"tables = ["t"]"#).is_ready();
    Judged::with(&format!("url = \"{url}\"\nsearch_path = [\"app\"]"), r#"tables = ["u"]"#)
        .is_broken_by("missing table u");
    Judged::with(&format!("url = \"{url}?schema=app\""), r#"tables = ["t"]"#).is_ready();
    Judged::with(&format!("url = \"{url}?options=-c%20search_path%3Dapp,public\""), r#"tables = ["t", "u"]"#)
        .is_ready();
    database.execute(&format!("ALTER ROLE {} SET search_path = app, public", database.watcher())).await;
    Judged::of(&database, r#"tables = ["t", "u"]"#).is_ready();
}

#[tokio::test]
async fn the_first_schema_of_the_search_path_wins_over_a_namesake_behind_it() {
    let database = database("CREATE SCHEMA app; CREATE TABLE app.t (old int); CREATE TABLE public.t (new int)").await;
    let lines = format!("url = \"{}\"\nsearch_path = [\"app\", \"public\"]", database.watcher_url());
    Judged::with(&lines, r#"columns = { t = ["new"] }"#).is_broken_by("missing column t.new");
    Judged::with(&lines, r#"columns = { t = ["old"] }"#).is_ready();
}

#[tokio::test]
async fn every_unmet_fact_is_named_at_once() {
    let database = database("CREATE TABLE t (a text)").await;
    let judged = Judged::of(
        &database,
        r#"
        tables = ["u"]
        columns = { t = ["a int", "b"] }
        indexes = ["i"]
        "#,
    );
    let mut findings = judged.findings;
    findings.sort();
    assert_eq!(findings, ["different column t.a", "missing column t.b", "missing index i", "missing table u"]);
}
