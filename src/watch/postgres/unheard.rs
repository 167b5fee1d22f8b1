//! Ledgers of whose rows nobody tells.
//!
//! An event trigger hears of DDL. A row that is written alone, as by `prisma migrate resolve` or
//! by a migration that changes rows only, it does not hear of.

use gate::ObjectName;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

use crate::watch::trigger_sql::LEDGER_TRIGGER;

const SQL: &str = "SELECT w.schema, w.name \
      FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS w(schema, name) \
      JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema \
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name \
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t \
                        WHERE t.tgrelid = c.oid AND t.tgname = $3::pg_catalog.name AND t.tgenabled <> 'D')";

/// Those of `ledgers`, each a schema and a table, that have no trigger of schemagate's.
pub(super) async fn unheard(client: &Client, ledgers: &[(&str, &str)]) -> Result<Vec<ObjectName>, Error> {
    let (schemas, names): (Vec<&str>, Vec<&str>) = ledgers.iter().copied().unzip();
    let rows = client
        .query_typed(SQL, &[(&schemas, Type::NAME_ARRAY), (&names, Type::NAME_ARRAY), (&LEDGER_TRIGGER, Type::TEXT)])
        .await?;
    rows.iter().map(|row| Ok(ObjectName::qualified(row.try_get(0)?, row.try_get(1)?))).collect()
}
