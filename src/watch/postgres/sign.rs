//! What tells that nothing was committed.

use std::collections::BTreeSet;

use gate::ledger::Ledger;
use tokio_postgres::{Client, Error};

use super::ledgers::{held_keys, lock_question};
use super::link::rows;

/// What a server says that everything changes which a look can see. While two signs are equal, the
/// looks between them see the same.
///
/// Every row version that is visible to a statement follows from its snapshot, which changes when any
/// transaction that writes begins or ends. The few fields that PostgreSQL changes in place (before 14
/// whether an index is valid is one) change what was written to the log. A standby's snapshot does
/// not name the transactions that run, but whatever ends there was replayed. What is left are the
/// session's search path, advisory locks, and which server it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sign {
    text: String,
    held: BTreeSet<i64>,
    /// Whether the server is a standby.
    pub(super) standby: bool,
}

/// The lists of functions are those of PostgreSQL 10 and later.
const SQL: &str = "SELECT pg_catalog.concat_ws(' ', pg_catalog.pg_postmaster_start_time(), \
             pg_catalog.txid_current_snapshot(), \
             CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() \
                  ELSE pg_catalog.pg_current_wal_insert_lsn() END, \
             pg_catalog.current_setting('search_path')), pg_catalog.pg_is_in_recovery()";

impl Sign {
    /// Asks for one; `ledgers` are those whose locks matter, in the database called `database`.
    ///
    /// What is committed while it is asked for may or may not be in it, so a look at what it stands for
    /// begins after it.
    pub(super) async fn ask<'l>(
        client: &Client,
        ledgers: impl Iterator<Item = &'l Ledger>,
        database: &str,
    ) -> Result<Option<Self>, Error> {
        let locks = lock_question(ledgers, database).unwrap_or_default();
        let answer = client.simple_query(&format!("{SQL}; {locks}")).await?;
        let mut answers = rows(&answer);
        let first = answers.next();
        let text = first.and_then(|row| row.get(0)).map(str::to_owned);
        let standby = first.and_then(|row| row.get(1)) == Some("t");
        let held = held_keys(answers.next().and_then(|row| row.get(0)));
        Ok(text.map(|text| Self { text, held, standby }))
    }
}
