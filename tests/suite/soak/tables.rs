//! Tables that come and go, and what is certain of them at a moment.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_postgres::NoTls;

use crate::house::Database;

/// How many tables come and go.
pub(super) const TOGGLED: usize = 3;
/// From one change to the next, of all tables.
const BETWEEN: Duration = Duration::from_secs(10);
/// So long after a change everybody must know it, whatever befalls: a wire can be dead for a second, a server away for
/// some, and the machine busy.
const KNOWN_AFTER: Duration = Duration::from_secs(15);

/// Tables that come and go.
pub(super) struct Tables {
    database: Database,
    changes: Mutex<Vec<Change>>,
}

#[derive(Debug, Clone, Copy)]
struct Change {
    table: usize,
    exists: bool,
    /// `None` while it is under way.
    ended: Option<Instant>,
}

impl Tables {
    pub(super) async fn create(database: &Database) -> Self {
        database.execute("CREATE TABLE there (id int)").await;
        for table in 0..TOGGLED {
            database.execute(&format!("CREATE TABLE toggled{table} (id int)")).await;
        }
        Self { database: database.clone(), changes: Mutex::default() }
    }

    /// Changes one after another until it is over.
    pub(super) async fn flip(&self, is_over: impl Fn() -> bool) {
        for number in 0.. {
            let table = number % TOGGLED;
            let exists = (number / TOGGLED) % 2 == 1;
            self.note(|changes| changes.push(Change { table, exists, ended: None }));
            let change = if exists {
                format!("CREATE TABLE IF NOT EXISTS toggled{table} (id int)")
            } else {
                format!("DROP TABLE IF EXISTS toggled{table}")
            };
            // The server may be away at the moment.
            while !self.execute(&change).await {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            self.note(|changes| changes.last_mut().expect("it was noted").ended = Some(Instant::now()));
            let until = Instant::now() + BETWEEN;
            while Instant::now() < until {
                if is_over() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    async fn execute(&self, sql: &str) -> bool {
        let executed = async {
            let (client, connection) = tokio_postgres::connect(&self.database.url(), NoTls).await?;
            tokio::spawn(connection);
            client.batch_execute(sql).await
        };
        tokio::time::timeout(Duration::from_secs(10), executed).await.is_ok_and(|executed| executed.is_ok())
    }

    fn note<T>(&self, note: impl FnOnce(&mut Vec<Change>) -> T) -> T {
        note(&mut self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn changes(&self) -> usize {
        self.note(|changes| changes.len())
    }

    /// Whether a table is there, as the last change has it.
    pub(super) fn is_met(&self, table: usize) -> bool {
        self.note(|changes| changes.iter().rev().find(|change| change.table == table).is_none_or(|it| it.exists))
    }

    /// Whether a table was there from `sent` to now, and had been for long enough that all must know; `None` where
    /// either may be so.
    pub(super) fn was_met(&self, table: usize, sent: Instant) -> Option<bool> {
        self.note(|changes| match changes.iter().rev().find(|change| change.table == table) {
            None => Some(true),
            Some(last) => (last.ended? + KNOWN_AFTER < sent).then_some(last.exists),
        })
    }
}
