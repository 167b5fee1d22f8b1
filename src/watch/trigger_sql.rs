//! The SQL that makes a PostgreSQL database say when its schema changed.

use gate::ObjectName;

use super::postgres::{CHANNEL, ELSEWHERE, SCHEMAS};

/// The event trigger on what is made and changed.
pub const DDL_TRIGGER: &str = "schemagate_ddl";

/// The event trigger on what is dropped.
pub const DROP_TRIGGER: &str = "schemagate_drop";

/// The trigger on a ledger's table.
pub(super) const LEDGER_TRIGGER: &str = "schemagate_ledger";

/// The trigger on a table of maintenance windows.
pub const WINDOWS_TRIGGER: &str = "schemagate_windows";

/// What is to send the notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TriggerKind {
    /// Event triggers on all DDL: for superusers, and where the provider lets its administrators
    /// create them.
    Event,
    /// A trigger on the table in which a migration tool keeps its books: for the table's owner.
    Ledger(ObjectName),
    /// A trigger on the table in which the application keeps its maintenance windows: for the table's
    /// owner.
    Windows(ObjectName),
}

/// A trigger on a table's rows.
struct Rows<'t> {
    table: &'t ObjectName,
    trigger: &'static str,
    function: &'static str,
    /// The first lines of its comment.
    purpose: &'static str,
    /// The schema of whom a write is about, in SQL; empty where it is all tenants'.
    schema: &'static str,
}

/// SQL that installs notifications: commented, in one transaction, and harmless to run again.
///
/// Nothing it installs can fail a migration: every error within the function is swallowed, and a
/// notification that is lost is made good by the next poll.
pub fn trigger_sql(kind: &TriggerKind) -> String {
    match kind {
        TriggerKind::Event => event_sql(),
        TriggerKind::Ledger(table) => Rows::of_ledger(table).sql(),
        TriggerKind::Windows(table) => Rows::of_windows(table).sql(),
    }
}

/// SQL that removes what [`trigger_sql`] installs, and nothing else.
pub fn removal_sql(kind: &TriggerKind) -> String {
    match kind {
        TriggerKind::Event => format!(
            "\
BEGIN;
DROP EVENT TRIGGER IF EXISTS {DDL_TRIGGER};
DROP EVENT TRIGGER IF EXISTS {DROP_TRIGGER};
DROP FUNCTION IF EXISTS schemagate.notify_schema_change();
DROP SCHEMA IF EXISTS schemagate;
COMMIT;
"
        ),
        TriggerKind::Ledger(table) => Rows::of_ledger(table).removal_sql(),
        TriggerKind::Windows(table) => Rows::of_windows(table).removal_sql(),
    }
}

/// The body of the function that a trigger of this kind calls, as the server keeps it (`pg_proc.prosrc`).
pub(super) fn body(kind: &TriggerKind) -> String {
    trigger_sql(kind).split("$schemagate$").nth(1).unwrap_or_default().to_owned()
}

fn event_sql() -> String {
    format!(
        "\
-- schemagate: tell it at once when the schema of this database changes.
--
-- Run as a superuser, or as the administrator that your provider gives you, in the database that
-- is watched (on the primary, not on a standby). Safe to run again. To remove it:
--
{removal}
--
-- What it costs: one notification for each transaction and each schema that it changes, with the
-- schema's name. It cannot fail a migration: every error is swallowed, and schemagate polls all the
-- same. One limit is PostgreSQL's own: a transaction that has notified cannot be prepared (PREPARE
-- TRANSACTION).
BEGIN;

CREATE SCHEMA IF NOT EXISTS schemagate;
COMMENT ON SCHEMA schemagate IS 'Tells schemagate that the schema changed; holds no data';
GRANT USAGE ON SCHEMA schemagate TO PUBLIC;

CREATE OR REPLACE FUNCTION schemagate.notify_schema_change() RETURNS event_trigger
LANGUAGE plpgsql
-- Fixed, so that nothing in the path of whoever runs a migration can stand in for a function below.
SET search_path = pg_catalog
AS $schemagate$
DECLARE
    -- The schemas in which something changed, and whether something may have changed elsewhere.
    schemas text[];
    elsewhere boolean := false;
    -- An empty one means any schema.
    payload text := '';
BEGIN
    BEGIN
        IF TG_EVENT = 'sql_drop' THEN
            -- All that goes is listed. What has no schema goes with something that has one, or is nobody's.
            -- Temporary tables are nobody else's, and applications make many.
            SELECT array_agg(DISTINCT CASE d.object_type WHEN 'schema' THEN d.object_name ELSE d.schema_name END)
              INTO schemas
              FROM pg_event_trigger_dropped_objects() d WHERE NOT d.is_temporary;
        ELSIF TG_TAG = 'REFRESH MATERIALIZED VIEW' THEN
            -- It changes whether a view can be read, and lists no object.
            schemas := '{{}}';
            elsewhere := true;
        ELSE
            -- A command is listed with its object's schema alone. Elsewhere are what inherits from a table,
            -- the schema that something was moved from (of a table, one row says which schema it is in; that
            -- is younger than its columns then), whatever uses a type, and what has no schema.
            SELECT array_agg(DISTINCT CASE WHEN c.command_tag = 'CREATE SCHEMA' THEN n.nspname
                                           ELSE c.schema_name END),
                   bool_or(CASE
                       WHEN c.command_tag = 'CREATE SCHEMA' THEN n.nspname IS NULL
                       WHEN c.schema_name IS NULL THEN true
                       WHEN EXISTS (SELECT FROM pg_inherits i
                                     WHERE c.classid = 'pg_class'::regclass AND i.inhparent = c.objid) THEN true
                       WHEN c.command_tag LIKE 'CREATE %' THEN false
                       ELSE NOT EXISTS (SELECT FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.objid
                                         WHERE c.classid = 'pg_class'::regclass AND d.classid = c.classid
                                           AND d.objid = c.objid AND d.refclassid = 'pg_namespace'::regclass
                                           AND a.attnum = -1 AND a.xmin = d.xmin) END)
              INTO schemas, elsewhere
              FROM pg_event_trigger_ddl_commands() c
              LEFT JOIN pg_namespace n ON c.classid = 'pg_namespace'::regclass AND n.oid = c.objid
             WHERE c.schema_name IS DISTINCT FROM 'pg_temp' AND c.command_tag <> 'COMMENT';
        END IF;
        IF schemas IS NULL THEN
            RETURN;
        END IF;
        SELECT '{SCHEMAS}' || concat_ws(',', string_agg(quote_ident(s.name), ','),
                                     CASE WHEN elsewhere THEN '{ELSEWHERE}' END)
          INTO payload
          FROM unnest(schemas) AS s(name) WHERE s.name !~ '^pg_';
        -- The server takes no longer ones.
        IF octet_length(payload) > 7900 THEN
            payload := '';
        END IF;
    EXCEPTION WHEN OTHERS THEN
        payload := '';
    END;
{notify}\
EXCEPTION WHEN OTHERS THEN
    -- A migration matters more than a notification.
    NULL;
END
$schemagate$;

DROP EVENT TRIGGER IF EXISTS {DDL_TRIGGER};
CREATE EVENT TRIGGER {DDL_TRIGGER} ON ddl_command_end
    EXECUTE FUNCTION schemagate.notify_schema_change();

DROP EVENT TRIGGER IF EXISTS {DROP_TRIGGER};
CREATE EVENT TRIGGER {DROP_TRIGGER} ON sql_drop
    EXECUTE FUNCTION schemagate.notify_schema_change();

COMMIT;
",
        removal = commented(&removal_sql(&TriggerKind::Event)),
        notify = notify("payload"),
    )
}

impl<'t> Rows<'t> {
    const fn of_ledger(table: &'t ObjectName) -> Self {
        let purpose = "\
-- schemagate: tell it at once when a migration tool writes to its ledger.
--
-- For those who may not create event triggers. Run as the owner of the ledger's table. Safe to run
-- again. A schema change without a ledger entry is seen at the next poll. To remove it:";
        let schema = "quote_ident(TG_TABLE_SCHEMA)";
        Self { table, trigger: LEDGER_TRIGGER, function: "schemagate_notify_ledger", purpose, schema }
    }

    const fn of_windows(table: &'t ObjectName) -> Self {
        let purpose = "\
-- schemagate: tell it at once when a maintenance window is written.
--
-- Run as the owner of the table. Safe to run again. To remove it:";
        let schema = "''";
        Self { table, trigger: WINDOWS_TRIGGER, function: "schemagate_notify_windows", purpose, schema }
    }

    fn removal_sql(&self) -> String {
        format!(
            "\
BEGIN;
DROP TRIGGER IF EXISTS {trigger} ON {table};
DROP FUNCTION IF EXISTS {function}();
COMMIT;
",
            trigger = self.trigger,
            table = quoted(self.table),
            function = self.function(),
        )
    }

    fn sql(&self) -> String {
        format!(
            "\
{purpose}
--
{removal}
--
-- It cannot fail a transaction: every error is swallowed, and schemagate polls all the same. One
-- limit is PostgreSQL's own: a transaction that has notified cannot be prepared (PREPARE
-- TRANSACTION).
BEGIN;

CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
LANGUAGE plpgsql
-- Fixed, so that nothing in the path of whoever writes can stand in for a function below.
SET search_path = pg_catalog
AS $schemagate$
BEGIN
{notify}    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    -- What is written matters more than a notification.
    RETURN NULL;
END
$schemagate$;

DROP TRIGGER IF EXISTS {trigger} ON {table};
CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {function}();

COMMIT;
",
            purpose = self.purpose,
            removal = commented(&self.removal_sql()),
            function = self.function(),
            trigger = self.trigger,
            table = quoted(self.table),
            notify = notify(&format!("'{SCHEMAS}' || {}", self.schema)),
        )
    }

    /// The function beside the table, in the table's own schema: its owner may not make another one.
    fn function(&self) -> String {
        match self.table.schema() {
            Some(schema) => format!("{}.{}", identifier(schema), self.function),
            None => self.function.to_owned(),
        }
    }
}

/// The statement that notifies.
fn notify(payload: &str) -> String {
    format!(
        "    -- A full queue would fail the transaction at its commit, where no error can be swallowed.
    IF pg_notification_queue_usage() < 0.5 THEN
        PERFORM pg_notify('{CHANNEL}', {payload});
    END IF;
"
    )
}

pub(super) fn quoted(name: &ObjectName) -> String {
    match name.schema() {
        Some(schema) => format!("{}.{}", identifier(schema), identifier(name.name())),
        None => identifier(name.name()),
    }
}

/// An identifier in exact case.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn commented(sql: &str) -> String {
    sql.lines().map(|line| format!("--   {line}")).collect::<Vec<_>>().join("\n")
}
